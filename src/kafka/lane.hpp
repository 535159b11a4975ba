// SPDX-License-Identifier: Apache-2.0
// The order of one Producer: its batches go to the client's queue one after the other, and what the queue cannot take
// waits here (kafka.md 3). Also the valve by which an identity holds, refuses or reopens the flow while it replaces its
// client (kafka.md 5, R-42). Thread: any; one mutex, held while records are handed over and never while a batch is
// finished. Ownership: shared by Producer and identity. Bound: kMaxWaiting batches wait; a further one fails at once.
// Failure: a record that is not taken is settled as failed.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kafka/batch_state.hpp"

namespace embergate::kafka {

// Where a lane's records go: one topic of one client.
class RecordSink {
 public:
  enum class Verdict { kTaken, kFull, kRefused };
  virtual ~RecordSink() = default;
  // kRefused fills `failure` but for its index.
  virtual Verdict take(const Record& record, void* opaque, RecordFailure& failure) = 0;
};

class Lane {
 public:
  static constexpr std::size_t kMaxWaiting = 64;
  // Batches that came to their end inside a call; the caller finishes them, without a lock.
  using Finished = std::vector<BatchState*>;

  // True in `must_wait` when the client's queue is full: someone has to call proceed() later.
  Finished send(BatchState* batch, bool& must_wait);
  // Hands over what waits, as far as the sink takes it. `must_wait` as above.
  Finished proceed(bool& must_wait);
  Finished open(std::shared_ptr<RecordSink> sink, bool& must_wait);
  void hold();                                 // new batches wait
  Finished refuse(const std::string& reason);  // what waits and what comes fails with this reason
  Finished fail_waiting(const std::string& reason);
  // Set by the first failure that is not of a record alone: until resume() the lane takes nothing, so that no younger
  // record overtakes the ones that came back (decision 19).
  [[nodiscard]] std::shared_ptr<std::atomic<bool>> broken() const { return broken_; }
  void resume() { broken_->store(false); }
  [[nodiscard]] bool idle() const;  // nothing waits

 private:
  struct Waiting {
    BatchState* batch = nullptr;
    std::size_t next = 0;
  };
  // True when the whole batch was handed over.
  bool hand_over(Waiting& waiting, Finished& finished);
  Finished fail_all_waiting(const std::string& reason);
  Finished proceed_locked(bool& must_wait);

  const std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
  mutable std::mutex mutex_;
  std::shared_ptr<RecordSink> sink_;
  std::optional<std::string> refusal_;
  std::deque<Waiting> waiting_;
};

}  // namespace embergate::kafka
