// SPDX-License-Identifier: Apache-2.0
// Memory of one evaluation: handed out from chunks, given back all at once. Collections keep four items inside
// themselves and grow into it. Thread: one evaluation, one thread. Ownership: what lies in the arena lives until
// release(). Bound: the step budget of the evaluation bounds what is asked for; release() keeps one chunk, as large as
// the last evaluation needed but at most kKeptBytes, so that evaluations of one kind allocate once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fhirpath/item.hpp"

namespace embergate::fhirpath {

class Arena {
 public:
  void* allocate(std::size_t bytes) {
    bytes = (std::max(bytes, std::size_t{1}) + 15) & ~std::size_t{15};  // nothing, too, needs a chunk to lie in
    if (used_ + bytes > capacity_) grow(bytes);
    void* result = chunks_.back().get() + used_;
    used_ += bytes;
    return result;
  }
  template <class T>
  T* make(const T& value) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T))) T(value);
  }
  std::string_view copy(std::string_view text) { return join(text, {}); }
  std::string_view join(std::string_view first, std::string_view second);
  void release();
  // Bytes handed out since release(); the same for the same calls, whatever chunks they came from.
  [[nodiscard]] std::size_t allocated() const { return spent_ + used_; }

 private:
  void grow(std::size_t bytes);
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;  // of the last chunk
  std::size_t total_ = 0;     // of all chunks
  std::size_t spent_ = 0;     // handed out from the chunks before the last
};

class Collection {
 public:
  explicit Collection(Arena& arena) : arena_(arena) {}
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  void push(const Item& item) {
    if (size_ == capacity_) reserve(capacity_ * 2);
    data_[size_++] = item;
  }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Item* data() const { return data_; }
  [[nodiscard]] Item* data() { return data_; }
  [[nodiscard]] const Item* begin() const { return data_; }
  [[nodiscard]] const Item* end() const { return data_ + size_; }
  [[nodiscard]] const Item& operator[](std::uint32_t position) const { return data_[position]; }
  void clear() { size_ = 0; }
  void reserve(std::uint32_t capacity);

 private:
  static constexpr std::uint32_t kInline = 4;
  Arena& arena_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInline;
  Item inline_[kInline];
  Item* data_ = inline_;
};

// A borrowed run of items.
struct Items {
  const Item* data = nullptr;
  std::uint32_t size = 0;
  [[nodiscard]] const Item* begin() const { return data; }
  [[nodiscard]] const Item* end() const { return data + size; }
  [[nodiscard]] const Item& operator[](std::uint32_t position) const { return data[position]; }
  [[nodiscard]] bool empty() const { return size == 0; }
};
inline Items all_of(const Collection& collection) { return {collection.data(), collection.size()}; }

}  // namespace embergate::fhirpath
