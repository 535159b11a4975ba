// SPDX-License-Identifier: Apache-2.0
// At most so many replacements of clients at a time, first come first served: one rotated file may concern many
// connections, and each replacement costs TLS handshakes and a drain. Thread: any. Ownership: a Turn is given back when
// it is destroyed; it may outlive the one who asked for it, but not the Turns. Bound: an identity asks once at a time.
// Failure: none; a turn that no one wants any more passes on at once.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace embergate::kafka {

class Turns {
 public:
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns) {}
    ~Turn() { turns_.give_back(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
  };
  using Begin = std::function<void(std::shared_ptr<Turn>)>;

  explicit Turns(std::size_t limit) : free_(limit) {}
  // `begin` is called once: now, or on the thread that gives a turn back. It must only post.
  void ask(Begin begin);
  void forget_all();  // no one waits any more

 private:
  void give_back();

  std::mutex mutex_;
  std::size_t free_;
  std::deque<Begin> waiting_;
};

}  // namespace embergate::kafka
