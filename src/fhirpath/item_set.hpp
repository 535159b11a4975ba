// SPDX-License-Identifier: Apache-2.0
// A set of items under `=`: linear up to eight, hashed beyond. Thread: one evaluation. Ownership: lives in the
// evaluation's arena. Bound: the caller charges take_work() as steps.
#pragma once

#include <cstdint>
#include <utility>

#include "fhirpath/values.hpp"

namespace embergate::fhirpath {

class ItemSet {
 public:
  explicit ItemSet(const Values& values) : values_(values), items_(values.arena()) {}

  bool insert(const Item& item) {  // false: was there
    if (!slots_) return insert_in_line(item);
    const std::uint32_t hash = hash_of(item);
    std::uint32_t* const slot = find(item, hash);
    if (*slot != 0) return false;
    hashes_[items_.size()] = hash;
    items_.push(item);
    *slot = items_.size();
    if (items_.size() * 2 > mask_) grow((mask_ + 1) * 8);
    return true;
  }
  [[nodiscard]] bool contains(const Item& item) {
    return slots_ ? *find(item, hash_of(item)) != 0 : finds_in_line(item);
  }
  // Comparisons made since the last call.
  [[nodiscard]] std::uint64_t take_work() { return std::exchange(work_, 0) + 1 + values_.take_work(); }

 private:
  [[nodiscard]] std::uint32_t hash_of(const Item& item) const {
    const std::uint64_t hash = values_.hash(item);
    return static_cast<std::uint32_t>(hash ^ hash >> 32U);
  }

  // Where the item is, or the free slot where it belongs.
  std::uint32_t* find(const Item& item, std::uint32_t hash) {
    for (std::uint32_t at = hash;; ++at) {
      std::uint32_t& slot = slots_[at & mask_];
      if (slot == 0) return &slot;
      ++work_;
      if (hashes_[slot - 1] == hash && values_.equal(item, items_[slot - 1]) == Truth::kTrue) return &slot;
    }
  }
  bool insert_in_line(const Item& item);
  bool finds_in_line(const Item& item);
  void grow(std::uint32_t slots);

  const Values& values_;
  Collection items_;
  std::uint32_t* slots_ = nullptr;   // a position in items_ plus one; 0: free
  std::uint32_t* hashes_ = nullptr;  // of items_
  std::uint32_t mask_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace embergate::fhirpath
