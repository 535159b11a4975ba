// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/version_reader.hpp"

#include <algorithm>

#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {
namespace {

StoredVersion version_from(const Statement& row, std::string_view type, std::string_view id) {
  StoredVersion version;
  version.type = type;
  version.id = id;
  version.version_id = row.integer(0);
  version.previous_version_id = row.integer(1);
  version.interaction = static_cast<Interaction>(row.integer(2));
  version.last_updated = time_of(row.integer(3));
  version.created_at = time_of(row.integer(4));
  version.body = row.blob(5);
  return version;
}

TargetBinding binding_from(const Statement& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
          std::string(row.text(3)), row.integer(4) != 0,      time_of(row.integer(5))};
}

std::int64_t as_limit(std::size_t limit) { return static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)); }

}  // namespace

core::Result<std::optional<StoredVersion>> VersionReader::load_current(std::string_view type, std::string_view id) {
  const auto number = types_.find(type);
  if (!number) return std::optional<StoredVersion>();
  auto query = connection_.use(Query::kLoadCurrent);
  query.bind(1, *number).bind_text(2, id);
  EG_TRY(const bool row, query.step());
  return row ? std::optional(version_from(query, type, id)) : std::nullopt;
}

core::Result<std::optional<StoredVersion>> VersionReader::load_version(std::string_view type, std::string_view id,
                                                                       VersionId version) {
  const auto number = types_.find(type);
  if (!number) return std::optional<StoredVersion>();
  auto query = connection_.use(Query::kLoadVersion);
  query.bind(1, version).bind(2, *number).bind_text(3, id);
  EG_TRY(const bool row, query.step());
  return row ? std::optional(version_from(query, type, id)) : std::nullopt;
}

core::Result<bool> VersionReader::exists(std::string_view type, std::string_view id) {
  const auto number = types_.find(type);
  if (!number) return false;
  auto query = connection_.use(Query::kCurrentVersion);
  query.bind(1, *number).bind_text(2, id);
  EG_TRY(const bool row, query.step());
  return row && query.integer(1) == 0;
}

core::Result<std::vector<StoredVersion>> VersionReader::history(std::string_view type, std::string_view id,
                                                                VersionId before, std::size_t limit) {
  std::vector<StoredVersion> versions;
  const auto number = types_.find(type);
  if (!number) return versions;
  EG_TRY(VersionId next, newest_before(*number, id, before));
  while (next != 0 && versions.size() < limit) {
    EG_TRY(auto version, load_version(type, id, next));
    if (!version) break;
    next = version->previous_version_id;
    versions.push_back(*std::move(version));
  }
  return versions;
}

core::Result<std::size_t> VersionReader::version_count(std::string_view type, std::string_view id, std::size_t limit) {
  std::size_t count = 0;
  const auto number = types_.find(type);
  if (!number) return count;
  EG_TRY(VersionId next, current_version(*number, id));
  while (next != 0 && count < limit) {
    ++count;
    EG_TRY(next, previous_version(*number, id, next));
  }
  return count;
}

core::Result<std::vector<std::string>> VersionReader::find_by_identifier(std::string_view type,
                                                                         std::optional<std::string_view> system,
                                                                         std::string_view value, std::size_t limit) {
  std::vector<std::string> ids;
  const auto number = types_.find(type);
  if (!number) return ids;
  auto query = connection_.use(system ? Query::kFindIdentifier : Query::kFindIdentifierAnySystem);
  query.bind(1, *number).bind_text(2, value).bind(3, as_limit(limit));
  if (system) query.bind_text(4, *system);
  for (;;) {
    EG_TRY(const bool row, query.step());
    if (!row) return ids;
    ids.emplace_back(query.text(0));
  }
}

core::Result<std::vector<StoredVersion>> VersionReader::list_current(std::string_view type, std::size_t limit) {
  std::vector<StoredVersion> versions;
  const auto number = types_.find(type);
  if (!number) return versions;
  // Bodies stay out of the sort: only the chosen rows are loaded.
  auto query = connection_.use(Query::kListCurrent);
  query.bind(1, *number).bind(2, as_limit(limit));
  for (;;) {
    EG_TRY(const bool row, query.step());
    if (!row) return versions;
    EG_TRY(auto version, load_version(type, query.text(1), query.integer(0)));
    if (version) versions.push_back(*std::move(version));
  }
}

core::Result<std::optional<TargetBinding>> VersionReader::target_binding(std::string_view secret) {
  auto query = connection_.use(Query::kTargetBinding);
  query.bind_text(1, secret);
  EG_TRY(const bool row, query.step());
  return row ? std::optional(binding_from(query)) : std::nullopt;
}

core::Result<std::vector<TargetBinding>> VersionReader::target_bindings() {
  std::vector<TargetBinding> bindings;
  auto query = connection_.use(Query::kTargetBindings);
  for (;;) {
    EG_TRY(const bool row, query.step());
    if (!row) return bindings;
    bindings.push_back(binding_from(query));
  }
}

core::Result<VersionId> VersionReader::current_version(std::int64_t type, std::string_view id) {
  auto query = connection_.use(Query::kCurrentVersion);
  query.bind(1, type).bind_text(2, id);
  EG_TRY(const bool row, query.step());
  return row ? query.integer(0) : 0;
}

core::Result<VersionId> VersionReader::previous_version(std::int64_t type, std::string_view id, VersionId version) {
  auto query = connection_.use(Query::kPreviousVersion);
  query.bind(1, version).bind(2, type).bind_text(3, id);
  EG_TRY(const bool row, query.step());
  return row ? query.integer(0) : 0;
}

// A page of history starts where the last one ended, so its last version is tried first; any other number is reached
// from the newest version on.
core::Result<VersionId> VersionReader::newest_before(std::int64_t type, std::string_view id, VersionId before) {
  if (before != 0) {
    EG_TRY(const VersionId previous, previous_version(type, id, before));
    if (previous != 0) return previous;
  }
  EG_TRY(VersionId version, current_version(type, id));
  while (before != 0 && version >= before) {
    EG_TRY(version, previous_version(type, id, version));
  }
  return version;
}

}  // namespace embergate::store::sqlite
