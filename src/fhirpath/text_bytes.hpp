// SPDX-License-Identifier: Apache-2.0
// Short texts compared and hashed without a call: names of members and values of elements, at each step of a path.
// Thread: any. Ownership: none. Failure: none.
#pragma once

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <string_view>

#include "fhirpath/decimal.hpp"

namespace embergate::fhirpath {

template <class Word>
Word word_at(const char* place) {
  Word word;
  std::memcpy(&word, place, sizeof word);
  return word;
}

// left == right. Up to sixteen bytes are two words that may overlap.
inline bool same_text(std::string_view left, std::string_view right) {
  const std::size_t size = left.size();
  if (size != right.size()) return false;
  const char* const a = left.data();
  const char* const b = right.data();
  if (size > 16) return std::memcmp(a, b, size) == 0;
  const auto same_ends = [&](auto word) {
    using Word = decltype(word);
    const std::size_t last = size - sizeof word;
    return word_at<Word>(a) == word_at<Word>(b) && word_at<Word>(a + last) == word_at<Word>(b + last);
  };
  if (size >= 8) return same_ends(std::uint64_t{});
  if (size >= 4) return same_ends(std::uint32_t{});
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

// Mixes eight bytes into a hash. The processor's CRC where the build's processors have it, else a product: both need a
// third of the time of the library's hash for the forty bytes of a reference.
inline std::uint64_t mixed_in(std::uint64_t hash, std::uint64_t word) {
#ifdef __SSE4_2__
  return _mm_crc32_u64(hash, word);
#else
  const auto product = static_cast<UInt128>(hash ^ word ^ 0x9e3779b97f4a7c15ULL) * 0xd6e8feb86659fd93ULL;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
#endif
}

// For tables in the memory of one evaluation; the one who finds collisions pays for them in steps.
inline std::uint32_t hash_text(std::string_view text) {
  const std::size_t size = text.size();
  if (size < 8) {
    char padded[8] = {};
    std::memcpy(padded, text.data(), size);
    return static_cast<std::uint32_t>(mixed_in(size, word_at<std::uint64_t>(padded)));
  }
  std::uint64_t hash = size;
  const char* place = text.data();
  const char* const last = place + size - 8;  // may overlap the word before it
  for (; place < last; place += 8) hash = mixed_in(hash, word_at<std::uint64_t>(place));
  return static_cast<std::uint32_t>(mixed_in(hash, word_at<std::uint64_t>(last)));
}

}  // namespace embergate::fhirpath
