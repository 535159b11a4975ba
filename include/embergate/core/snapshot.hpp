// SPDX-License-Identifier: Apache-2.0
// One immutable value that many threads read and one replaces: a mutex around a shared_ptr, held only for the copy of
// the pointer. (std::atomic<shared_ptr> is reported by ThreadSanitizer on GCC 12.) Readers keep what they loaded alive.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace embergate::core {

template <class T>
class Snapshot {
 public:
  Snapshot() = default;
  explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  [[nodiscard]] std::shared_ptr<const T> load() const {
    std::lock_guard lock(mutex_);
    return value_;
  }
  void store(std::shared_ptr<const T> value) {
    {
      std::lock_guard lock(mutex_);
      value_.swap(value);
    }  // the old value is released outside the lock
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace embergate::core
