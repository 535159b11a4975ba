// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_memory.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>

namespace embergate::vault::secret_memory {
namespace {

constexpr std::size_t kPage = 4'096;
constexpr std::size_t kRegion = 256 * 1'024;
constexpr std::size_t kSmallest = 32;
constexpr std::size_t kLargestShared = 64 * 1'024;  // larger blocks have pages of their own
constexpr std::size_t kClasses = std::bit_width(kLargestShared / kSmallest);

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

void* map_pages(std::size_t bytes) {
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  // Each of these may be refused by a limit or an old kernel; the process is not dumpable in any case.
  static_cast<void>(::madvise(pages, bytes, MADV_DONTDUMP));
  static_cast<void>(::madvise(pages, bytes, MADV_WIPEONFORK));
  static_cast<void>(::mlock(pages, bytes));
  return pages;
}

// Blocks of powers of two out of regions that are never given back to the system, so that no wiped page is handed to
// anybody else while a copy of its lock is still counted.
class Pool {
 public:
  char* take(std::size_t size_class) {
    std::lock_guard lock(mutex_);
    auto*& head = free_[size_class];
    if (head != nullptr) {
      auto* block = head;
      head = block->next;
      block->next = nullptr;
      return reinterpret_cast<char*>(block);
    }
    return cut(kSmallest << size_class);
  }

  void give_back(char* memory, std::size_t size_class) noexcept {
    std::lock_guard lock(mutex_);
    auto* block = new (memory) Block{free_[size_class]};
    free_[size_class] = block;
  }

 private:
  struct Block {
    Block* next;
  };

  char* cut(std::size_t bytes) {
    if (bytes > left_) {
      next_ = static_cast<char*>(map_pages(kRegion));
      left_ = kRegion;
    }
    char* block = next_;
    next_ += bytes;
    left_ -= bytes;
    return block;
  }

  std::mutex mutex_;
  std::array<Block*, kClasses> free_{};
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

// Never destroyed: secrets of static life give their memory back after everything else has gone.
Pool& pool() {
  static auto* const the_pool = new Pool;
  return *the_pool;
}

std::size_t class_of(std::size_t bytes) {
  return static_cast<std::size_t>(std::bit_width((std::max(bytes, kSmallest) - 1) / kSmallest));
}

}  // namespace

char* take(std::size_t bytes) {
  if (bytes > kLargestShared) return static_cast<char*>(map_pages(whole_pages(bytes)));
  return pool().take(class_of(bytes));
}

void give_back(char* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  OPENSSL_cleanse(block, bytes);
  if (bytes > kLargestShared) {
    ::munmap(block, whole_pages(bytes));
  } else {
    pool().give_back(block, class_of(bytes));
  }
}

}  // namespace embergate::vault::secret_memory
