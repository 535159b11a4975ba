// SPDX-License-Identifier: Apache-2.0
// What each entry of a transaction stands for, found out once, before the first of them is written: references are
// resolved with that, so none can point at what the transaction then does not make (FHIR R4 http.html#trules, decision
// 45). Conditional creates whose outcome would depend on other entries, or on their order, are refused.
// Thread: inside the store transaction. Ownership: borrows the bundle. Failure: kMultipleMatches names the entry, and
// the other one in its text; errors of the store as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "interaction/bundle.hpp"
#include "interaction/condition.hpp"

namespace embergate::interaction {

class BundleIdentities {
 public:
  static core::Result<BundleIdentities> resolve(store::Reader& reader, const PreparedBundle& bundle);

  // fullUrl -> Type/id, of every entry that writes or finds a resource.
  [[nodiscard]] const LinkTargets& targets() const { return targets_; }
  // Type/id of an entry.
  [[nodiscard]] const std::string& of(std::size_t entry) const { return entries_[entry].identity; }
  // The resources that a condition meets when the transaction is done, whatever was written until now: at most two.
  core::Result<std::vector<std::string>> matches(store::Reader& reader, std::string_view type,
                                                 const Condition& condition);
  // Whether a resource exists when the transaction is done; absent: the transaction does not touch it.
  [[nodiscard]] std::optional<bool> present_after(std::string_view type, std::string_view id) const;

 private:
  struct Entry {
    std::string identity;
    std::optional<Condition> condition;  // of a conditional create
    bool found = false;                  // the store has what the condition asks for
  };

  explicit BundleIdentities(const PreparedBundle& bundle) : bundle_(&bundle) {}

  core::Result<void> identify(store::Reader& reader, std::size_t index);
  core::Result<void> identify_conditional(store::Reader& reader, std::size_t index);
  void note_writer(std::size_t index);
  core::Result<void> check_overlaps(std::size_t index);
  [[nodiscard]] std::vector<std::size_t> writers_that_meet(std::string_view type, const Condition& condition) const;
  [[nodiscard]] core::Error overlap(std::size_t index, std::size_t other) const;
  [[nodiscard]] const WriteRequest& request(std::size_t index) const { return bundle_->entries[index].write; }

  const PreparedBundle* bundle_;
  std::vector<Entry> entries_;
  LinkTargets targets_;
  std::unordered_multimap<std::string, std::size_t> writers_;  // by Type/id: versions and deletions
  std::unordered_map<std::string, std::size_t> last_writers_;  // by Type/id
  // Conditional creates of an id that the store has: they make it again when it was deleted before their turn.
  std::unordered_map<std::string, std::size_t> revivers_;
  std::unordered_multimap<std::string, std::size_t> contents_;  // entries that write, by conditions that they meet
  std::unordered_map<std::string, std::size_t> creators_;       // the first that makes a resource, by its condition
  std::unordered_set<std::string> checked_;                     // conditions and identities without an overlap
  std::unordered_map<std::string, std::vector<std::string>> matched_;  // answers of matches(), by condition
};

}  // namespace embergate::interaction
