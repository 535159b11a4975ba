// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/arena.hpp"

#include <algorithm>
#include <cstring>

namespace embergate::fhirpath {
namespace {
constexpr std::size_t kChunkBytes = 32 * 1024;
constexpr std::size_t kKeptBytes = 1024 * 1024;
}  // namespace

std::string_view system_name(Tag tag) {
  static constexpr std::string_view kNames[] = {"",     "Boolean",  "String", "Integer",  "Long",    "Decimal",
                                                "Date", "DateTime", "Time",   "Quantity", "TypeInfo"};
  return kNames[static_cast<std::size_t>(tag)];
}

void Arena::grow(std::size_t bytes) {
  spent_ += used_;
  capacity_ = std::max({kChunkBytes, bytes, std::min(total_, kKeptBytes)});
  chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(capacity_));
  total_ += capacity_;
  used_ = 0;
}

std::string_view Arena::join(std::string_view first, std::string_view second) {
  char* const target = static_cast<char*>(allocate(first.size() + second.size()));
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), target));
  return {target, first.size() + second.size()};
}

void Arena::release() {
  used_ = 0;
  spent_ = 0;
  if (chunks_.size() < 2 && total_ <= kKeptBytes) return;
  const std::size_t needed = std::min(total_, kKeptBytes);
  chunks_.clear();
  total_ = 0;
  grow(needed);
}

void Collection::reserve(std::uint32_t capacity) {
  if (capacity <= capacity_) return;
  Item* larger = static_cast<Item*>(arena_.allocate(capacity * sizeof(Item)));
  std::memcpy(static_cast<void*>(larger), data_, size_ * sizeof(Item));
  data_ = larger;
  capacity_ = capacity;
}

}  // namespace embergate::fhirpath
