// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/item_set.hpp"

#include <algorithm>

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kLinear = 8;
constexpr std::uint32_t kFirstSlots = 64;

}  // namespace

bool ItemSet::finds_in_line(const Item& item) {
  work_ += items_.size();
  return std::any_of(items_.begin(), items_.end(),
                     [&](const Item& known) { return values_.equal(item, known) == Truth::kTrue; });
}

bool ItemSet::insert_in_line(const Item& item) {
  if (finds_in_line(item)) return false;
  items_.push(item);
  if (items_.size() > kLinear) grow(kFirstSlots);
  return true;
}

void ItemSet::grow(std::uint32_t slots) {
  const std::uint32_t* const known = hashes_;
  const std::uint32_t room = slots / 2;  // as many as fit until the next growth
  Arena& arena = values_.arena();
  slots_ = static_cast<std::uint32_t*>(arena.allocate(slots * sizeof(std::uint32_t)));
  hashes_ = static_cast<std::uint32_t*>(arena.allocate(room * sizeof(std::uint32_t)));
  std::fill_n(slots_, slots, 0U);
  mask_ = slots - 1;
  items_.reserve(room);
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    hashes_[i] = known ? known[i] : hash_of(items_[i]);
    std::uint32_t at = hashes_[i];
    while (slots_[at & mask_] != 0) ++at;
    slots_[at & mask_] = i + 1;
  }
}

}  // namespace embergate::fhirpath
