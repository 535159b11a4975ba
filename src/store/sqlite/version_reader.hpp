// SPDX-License-Identifier: Apache-2.0
// Reads resources and their versions over one connection. A resource's history is a chain: each version names the one
// before it, so no index by resource is kept over history.
// Thread: that of the connection.
// Ownership: borrows connection and types.
// Failure: the connection's.
#pragma once

#include "embergate/store/store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/type_table.hpp"

namespace embergate::store::sqlite {

class VersionReader final : public Reader {
 public:
  VersionReader(Connection& connection, const TypeTable& types) : connection_(connection), types_(types) {}

  core::Result<std::optional<StoredVersion>> load_current(std::string_view type, std::string_view id) override;
  core::Result<std::optional<StoredVersion>> load_version(std::string_view type, std::string_view id,
                                                          VersionId version) override;
  core::Result<bool> exists(std::string_view type, std::string_view id) override;
  core::Result<std::vector<StoredVersion>> history(std::string_view type, std::string_view id, VersionId before,
                                                   std::size_t limit) override;
  core::Result<std::size_t> version_count(std::string_view type, std::string_view id, std::size_t limit) override;
  core::Result<std::vector<std::string>> find_by_identifier(std::string_view type,
                                                            std::optional<std::string_view> system,
                                                            std::string_view value, std::size_t limit) override;
  core::Result<std::vector<StoredVersion>> list_current(std::string_view type, std::size_t limit) override;
  core::Result<std::optional<TargetBinding>> target_binding(std::string_view secret) override;
  core::Result<std::vector<TargetBinding>> target_bindings() override;

  // 0: the resource never existed.
  core::Result<VersionId> current_version(std::int64_t type, std::string_view id);
  // The version before this one in the resource's chain; 0: none, or the version is not one of this resource.
  core::Result<VersionId> previous_version(std::int64_t type, std::string_view id, VersionId version);

 private:
  core::Result<VersionId> newest_before(std::int64_t type, std::string_view id, VersionId before);

  Connection& connection_;
  const TypeTable& types_;
};

}  // namespace embergate::store::sqlite
