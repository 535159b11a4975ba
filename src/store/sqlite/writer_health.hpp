// SPDX-License-Identifier: Apache-2.0
// Whether what the writer writes becomes durable, for those who ask from outside.
// Thread: begin() and end() writer only; state() any. A mutex is held for the copy of a text.
// Failure: none.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "embergate/core/clock.hpp"
#include "embergate/store/store.hpp"
#include "store/sqlite/job_queue.hpp"

namespace embergate::store::sqlite {

class WriterHealth {
 public:
  void begin();
  // A group in which something was written says that writing holds, one in which the database refused it that it does
  // not; a group of refused bodies, and one that changed no row (`changed`: what stays did), says nothing.
  void end(const core::Result<void>& committed, const Group& group, bool changed);
  [[nodiscard]] WritingState state() const;

 private:
  static constexpr std::chrono::steady_clock::rep kIdle = 0;

  std::atomic<std::chrono::steady_clock::rep> began_{kIdle};
  mutable std::mutex mutex_;
  bool holds_ = true;
  std::string reason_;
  core::Fault fault_ = core::Fault::kNone;
};

}  // namespace embergate::store::sqlite
