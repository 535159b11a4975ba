// SPDX-License-Identifier: Apache-2.0
#include "kafka/turns.hpp"

#include <utility>

namespace embergate::kafka {

void Turns::ask(Begin begin) {
  {
    std::lock_guard lock(mutex_);
    if (free_ == 0) {
      waiting_.push_back(std::move(begin));
      return;
    }
    --free_;
  }
  begin(std::make_shared<Turn>(*this));
}

void Turns::give_back() {
  Begin next;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  next(std::make_shared<Turn>(*this));
}

void Turns::forget_all() {
  std::deque<Begin> forgotten;  // destroyed after the lock
  std::lock_guard lock(mutex_);
  forgotten.swap(waiting_);
}

}  // namespace embergate::kafka
