// SPDX-License-Identifier: Apache-2.0
// Who wants to hear of which secret or bundle, and the telling.
// Thread: all functions from any; callbacks run in deliver(), without a lock of ours. Ownership: a slot is shared by
// its Watch and the list; the Watch's end waits for a callback that is running on another thread. Failure: none.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "embergate/vault/cache.hpp"
#include "vault/subject.hpp"

namespace embergate::vault {

class Notices : public std::enable_shared_from_this<Notices> {
 public:
  using Changed = std::function<void(std::uint64_t generation)>;

  std::unique_ptr<Watch> add(std::shared_ptr<Subject> subject, Changed changed);
  // True when someone watches this.
  bool note(const Subject& subject);
  void deliver();
  [[nodiscard]] std::vector<std::shared_ptr<Subject>> watched() const;  // one that is watched twice comes twice
  void close();                                                         // no callback begins after this

 private:
  struct Slot {
    std::shared_ptr<Subject> subject;
    Changed changed;
    bool due = false;
    bool running = false;
    std::thread::id runs_on;
  };
  class SlotWatch;
  void remove(const std::shared_ptr<Slot>& slot);

  mutable std::mutex mutex_;
  std::condition_variable finished_;
  std::vector<std::shared_ptr<Slot>> slots_;
  bool closed_ = false;
};

}  // namespace embergate::vault
