// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/identifier_index.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <tuple>

namespace embergate::store::sqlite {
namespace {

bool before(const Identifier& left, const Identifier& right) {
  return std::tie(left.system, left.value) < std::tie(right.system, right.value);
}
bool same(const Identifier& left, const Identifier& right) {
  return left.system == right.system && left.value == right.value;
}

void append_text(std::string& out, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out.append(text);
}

std::string take_text(std::string_view& packed) {
  std::uint32_t length = 0;
  if (packed.size() < sizeof length) {
    packed = {};
    return {};
  }
  std::memcpy(&length, packed.data(), sizeof length);
  packed.remove_prefix(sizeof length);
  std::string text(packed.substr(0, length));
  packed.remove_prefix(text.size());
  return text;
}

core::Result<void> run_for(Connection& connection, Query query, std::int64_t type, std::string_view id,
                           const std::vector<Identifier>& identifiers) {
  for (const Identifier& identifier : identifiers) {
    EG_CHECK(connection.use(query)
                 .bind(1, type)
                 .bind_text(2, identifier.value)
                 .bind_text(3, identifier.system)
                 .bind_text(4, id)
                 .run());
  }
  return {};
}

}  // namespace

std::string pack_identifiers(std::span<const Identifier> identifiers) {
  std::vector<Identifier> sorted(identifiers.begin(), identifiers.end());
  std::sort(sorted.begin(), sorted.end(), before);
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  std::string packed;
  for (const Identifier& identifier : sorted) {
    append_text(packed, identifier.system);
    append_text(packed, identifier.value);
  }
  return packed;
}

std::vector<Identifier> unpack_identifiers(std::string_view packed) {
  std::vector<Identifier> identifiers;
  while (!packed.empty()) {
    Identifier identifier;
    identifier.system = take_text(packed);
    identifier.value = take_text(packed);
    identifiers.push_back(std::move(identifier));
  }
  return identifiers;
}

core::Result<void> change_identifiers(Connection& connection, std::int64_t type, std::string_view id,
                                      std::string_view packed_before, std::string_view packed_after) {
  if (packed_before == packed_after) return {};
  const auto old_ones = unpack_identifiers(packed_before);
  const auto new_ones = unpack_identifiers(packed_after);
  std::vector<Identifier> gone;
  std::vector<Identifier> added;
  std::set_difference(old_ones.begin(), old_ones.end(), new_ones.begin(), new_ones.end(), std::back_inserter(gone),
                      before);
  std::set_difference(new_ones.begin(), new_ones.end(), old_ones.begin(), old_ones.end(), std::back_inserter(added),
                      before);
  EG_CHECK(run_for(connection, Query::kDeleteIdentifier, type, id, gone));
  return run_for(connection, Query::kInsertIdentifier, type, id, added);
}

}  // namespace embergate::store::sqlite
