// SPDX-License-Identifier: Apache-2.0
// Resource types as small numbers. A number once given to a name keeps it for the life of the process, also when the
// transaction that introduced it was undone; only the row in the database is then written again later.
// Thread: find() and name() any; the rest writer only.
// Failure: kInvalid above 4,096 types.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

class TypeTable {
 public:
  core::Result<void> load(Connection& connection);
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view name) const;
  [[nodiscard]] const std::string& name(std::int64_t number) const;  // the reference stays valid
  core::Result<std::int64_t> find_or_store(Connection& connection, std::string_view name);

  [[nodiscard]] std::size_t mark() const { return unsettled_.size(); }
  void undo_to(std::size_t mark);
  void settle() { unsettled_.clear(); }

 private:
  std::int64_t add(std::string_view name);

  mutable std::shared_mutex mutex_;
  std::deque<std::string> names_;  // number - 1 is the position
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  std::vector<bool> stored_;             // writer only
  std::vector<std::int64_t> unsettled_;  // stored by the transaction under way
};

}  // namespace embergate::store::sqlite
