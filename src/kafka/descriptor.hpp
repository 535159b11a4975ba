// SPDX-License-Identifier: Apache-2.0
// A file descriptor with one owner. Thread: of its owner. Ownership: closed with it, unless it was released. Failure:
// valid() says no.
#pragma once

#include <unistd.h>

#include <utility>

namespace embergate::kafka {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (valid()) ::close(number_);
  }
  [[nodiscard]] bool valid() const { return number_ >= 0; }
  [[nodiscard]] int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace embergate::kafka
