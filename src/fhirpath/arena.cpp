// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/arena.hpp"

#include <algorithm>
#include <cstring>

namespace embergate::fhirpath {
namespace {
constexpr std::size_t kChunkBytes = 32 * 1024;
}

std::string_view system_name(Tag tag) {
  static constexpr std::string_view kNames[] = {"",     "Boolean",  "String", "Integer",  "Long",    "Decimal",
                                                "Date", "DateTime", "Time",   "Quantity", "TypeInfo"};
  return kNames[static_cast<std::size_t>(tag)];
}

void Arena::grow(std::size_t bytes) {
  capacity_ = std::max(kChunkBytes, bytes);
  chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(capacity_));
  used_ = 0;
}

std::string_view Arena::copy(std::string_view text) {
  char* target = static_cast<char*>(allocate(text.size()));
  std::memcpy(target, text.data(), text.size());
  return {target, text.size()};
}

void Arena::release() {
  if (chunks_.empty()) return;
  // The first chunk is an ordinary one unless the first request was large.
  if (chunks_.size() > 1 || capacity_ != kChunkBytes) {
    chunks_.clear();
    capacity_ = 0;
  }
  used_ = 0;
}

void Collection::grow() {
  const std::uint32_t capacity = capacity_ * 2;
  Item* larger = static_cast<Item*>(arena_.allocate(capacity * sizeof(Item)));
  std::memcpy(static_cast<void*>(larger), data_, size_ * sizeof(Item));
  data_ = larger;
  capacity_ = capacity;
}

}  // namespace embergate::fhirpath
