// SPDX-License-Identifier: Apache-2.0
#include "app/wiping_free.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

// GCC tells of sanitizers by macros, Clang by features.
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define EMBERGATE_OWNS_FREE 1
#endif

namespace {
std::atomic<bool> wiping{true};
}

#ifdef EMBERGATE_OWNS_FREE

// The names under which glibc keeps its own.
extern "C" void __libc_free(void* memory);                         // NOLINT(bugprone-reserved-identifier)
extern "C" void* __libc_realloc(void* memory, std::size_t bytes);  // NOLINT(bugprone-reserved-identifier)

extern "C" void free(void* memory) noexcept {
  if (memory == nullptr) return;
  if (wiping.load(std::memory_order_relaxed)) explicit_bzero(memory, malloc_usable_size(memory));
  __libc_free(memory);
}

// glibc's would free the old place without us when a block has to move.
extern "C" void* realloc(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr || !wiping.load(std::memory_order_relaxed)) return __libc_realloc(memory, bytes);
  const std::size_t held = malloc_usable_size(memory);
  if (bytes <= held) {
    explicit_bzero(static_cast<char*>(memory) + bytes, held - bytes);  // what a smaller block gives back
    return __libc_realloc(memory, bytes);
  }
  void* const larger = std::malloc(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, held);
  free(memory);
  return larger;
}

#endif

namespace embergate::app {

void set_wiping_of_freed_memory(bool on) { wiping = on; }

bool wipes_freed_memory() {
#ifdef EMBERGATE_OWNS_FREE
  return wiping;
#else
  return false;
#endif
}

}  // namespace embergate::app
