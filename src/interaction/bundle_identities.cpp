// SPDX-License-Identifier: Apache-2.0
#include "interaction/bundle_identities.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "embergate/core/text.hpp"

namespace embergate::interaction {
namespace {

constexpr char kBetween = '\0';  // in none of the parts: they are texts of JSON strings or names

std::string identity_of(std::string_view type, std::string_view id) { return fmt::format("{}/{}", type, id); }

// One key for a condition however it is spelt.
std::string key_of(std::string_view type, const Condition& condition) {
  std::string key(type);
  key += kBetween;
  if (condition.id) return key + "id" + kBetween + *condition.id;
  key += condition.system ? "system" + std::string(1, kBetween) + *condition.system : "any";
  return key + kBetween + condition.value;
}

std::string_view id_in(const std::string& identity) {
  return std::string_view(identity).substr(identity.find('/') + 1);
}

}  // namespace

core::Result<BundleIdentities> BundleIdentities::resolve(store::Reader& reader, const PreparedBundle& bundle) {
  BundleIdentities identities(bundle);
  identities.entries_.resize(bundle.entries.size());
  identities.targets_ = bundle.targets;
  for (std::size_t i = 0; i < bundle.entries.size(); ++i) {
    auto identified = identities.identify(reader, i);
    if (!identified) return in_entry(Refusal{std::move(identified).error(), {}}, i).error;
  }
  for (std::size_t i = 0; i < bundle.entries.size(); ++i) {
    auto checked = identities.check_overlaps(i);
    if (!checked) return in_entry(Refusal{std::move(checked).error(), {}}, i).error;
  }
  return identities;
}

core::Result<void> BundleIdentities::identify(store::Reader& reader, std::size_t index) {
  Entry& entry = entries_[index];
  entry.identity = identity_of(request(index).type, request(index).id);
  if (bundle_->entries[index].read) return {};
  if (request(index).resource && !request(index).preconditions.if_none_exist.empty()) {
    EG_CHECK(identify_conditional(reader, index));
  }
  if (!entry.found) {
    note_writer(index);
  } else if (entry.identity == identity_of(request(index).type, request(index).id)) {
    revivers_.insert_or_assign(entry.identity, index);
  }
  return {};
}

core::Result<void> BundleIdentities::identify_conditional(store::Reader& reader, std::size_t index) {
  const WriteRequest& write = request(index);
  Entry& entry = entries_[index];
  const std::string& query = write.preconditions.if_none_exist;
  EG_TRY(entry.condition, parse_condition(query));
  EG_TRY(const auto ids, find_matches(reader, write.type, *entry.condition));
  if (ids.size() > 1) return several_matches(write.type, query);
  entry.found = !ids.empty();
  if (entry.found) {
    entry.identity = identity_of(write.type, ids.front());
  } else {
    creators_.emplace(key_of(write.type, *entry.condition), index);
  }
  if (!bundle_->full_urls[index].empty()) targets_.put(bundle_->full_urls[index], entry.identity);
  return {};
}

void BundleIdentities::note_writer(std::size_t index) {
  const WriteRequest& write = request(index);
  writers_.emplace(entries_[index].identity, index);
  last_writers_.insert_or_assign(entries_[index].identity, index);
  if (!write.resource) return;
  for (const store::Identifier& identifier : identifiers_of(*write.resource)) {
    contents_.emplace(key_of(write.type, {std::nullopt, identifier.system, identifier.value}), index);
    contents_.emplace(key_of(write.type, {std::nullopt, std::nullopt, identifier.value}), index);
  }
}

// What the entry stands for must be the same whether it comes first or last: no other entry may make, change or delete
// a resource so that the condition meets another one.
core::Result<void> BundleIdentities::check_overlaps(std::size_t index) {
  const Entry& entry = entries_[index];
  if (!entry.condition) return {};
  const WriteRequest& write = request(index);
  const std::string key = key_of(write.type, *entry.condition);
  const bool same_either_way = entry.identity == identity_of(write.type, write.id);
  if (!checked_.insert(key + kBetween + entry.identity + (same_either_way ? "=" : "")).second) return {};
  const std::vector<std::size_t> meeting = writers_that_meet(write.type, *entry.condition);
  for (const std::size_t other : meeting) {
    if (entries_[other].identity != entry.identity) return overlap(index, other);
  }
  if (!entry.found) {
    const std::size_t first = creators_.at(key);
    if (entries_[first].identity != entry.identity) return overlap(index, first);
  } else if (!same_either_way) {
    const auto [begin, end] = writers_.equal_range(entry.identity);
    for (auto at = begin; at != end; ++at) {
      if (!std::binary_search(meeting.begin(), meeting.end(), at->second)) return overlap(index, at->second);
    }
  }
  return {};
}

// In the order of the entries.
std::vector<std::size_t> BundleIdentities::writers_that_meet(std::string_view type, const Condition& condition) const {
  std::vector<std::size_t> meeting;
  const auto [first, last] = condition.id ? writers_.equal_range(identity_of(type, *condition.id))
                                          : contents_.equal_range(key_of(type, condition));
  for (auto at = first; at != last; ++at) {
    if (request(at->second).resource) meeting.push_back(at->second);
  }
  std::sort(meeting.begin(), meeting.end());
  meeting.erase(std::unique(meeting.begin(), meeting.end()), meeting.end());
  return meeting;
}

core::Error BundleIdentities::overlap(std::size_t index, std::size_t other) const {
  return core::make_error(
      core::ErrorCode::kMultipleMatches,
      fmt::format(
          "ifNoneExist \"{}\" overlaps with Bundle.entry[{}], {}: what it finds would depend on the order of the "
          "entries. Leave one of them out, and let references point at the other",
          core::whole_characters(bundle_->entries[index].write.preconditions.if_none_exist, 300), other,
          entries_[other].identity));
}

core::Result<std::vector<std::string>> BundleIdentities::matches(store::Reader& reader, std::string_view type,
                                                                 const Condition& condition) {
  constexpr std::size_t kEnough = 2;
  const std::string key = key_of(type, condition);
  if (const auto known = matched_.find(key); known != matched_.end()) return known->second;
  std::vector<std::string> ids;
  for (const std::size_t writer : writers_that_meet(type, condition)) {
    const std::string& identity = entries_[writer].identity;
    if (last_writers_.at(identity) == writer && ids.size() < kEnough) ids.emplace_back(id_in(identity));
  }
  // Of the stored ones only those count that the transaction leaves as they are.
  EG_TRY(const auto stored, find_matches(reader, type, condition, kEnough + last_writers_.size()));
  for (const std::string& id : stored) {
    if (ids.size() < kEnough && !last_writers_.contains(identity_of(type, id))) ids.push_back(id);
  }
  matched_.emplace(key, ids);
  return ids;
}

std::optional<bool> BundleIdentities::present_after(std::string_view type, std::string_view id) const {
  const auto writer = last_writers_.find(identity_of(type, id));
  if (writer == last_writers_.end()) return std::nullopt;
  if (request(writer->second).resource) return true;
  const auto reviver = revivers_.find(writer->first);
  return reviver != revivers_.end() && reviver->second > writer->second;
}

}  // namespace embergate::interaction
