// SPDX-License-Identifier: Apache-2.0
#include "kafka/lane.hpp"

#include <utility>

namespace embergate::kafka {

namespace {
constexpr const char* kBroken = "records that were sent before came back and go first";
}

Lane::Finished Lane::send(BatchState* batch, bool& must_wait) {
  must_wait = false;
  Finished finished;
  if (batch->size() == 0) {
    finished.push_back(batch);
    return finished;
  }
  std::lock_guard lock(mutex_);
  if (refusal_ || broken_->load() || waiting_.size() >= kMaxWaiting) {
    const std::string reason = refusal_          ? *refusal_
                               : broken_->load() ? kBroken
                                                 : "too many batches wait for the Kafka client's queue";
    if (batch->failed_from(0, RecordFailure{.reason = reason})) finished.push_back(batch);
    return finished;
  }
  waiting_.push_back(Waiting{batch, 0});
  if (sink_ == nullptr || waiting_.size() > 1) return finished;
  return proceed_locked(must_wait);
}

Lane::Finished Lane::proceed(bool& must_wait) {
  std::lock_guard lock(mutex_);
  return proceed_locked(must_wait);
}

Lane::Finished Lane::proceed_locked(bool& must_wait) {
  Finished finished;
  must_wait = false;
  if (broken_->load()) return fail_all_waiting(kBroken);
  while (sink_ != nullptr && !waiting_.empty()) {
    if (!hand_over(waiting_.front(), finished)) {
      must_wait = true;
      break;
    }
    waiting_.pop_front();
  }
  return finished;
}

// After the last record was taken the batch may be settled and gone at any moment: it is not touched any more.
bool Lane::hand_over(Waiting& waiting, Finished& finished) {
  const std::size_t size = waiting.batch->size();
  while (waiting.next < size) {
    RecordFailure failure;
    failure.index = waiting.next;
    switch (sink_->take(waiting.batch->record(waiting.next), waiting.batch->opaque_of(waiting.next), failure)) {
      case RecordSink::Verdict::kTaken:
        break;
      case RecordSink::Verdict::kFull:
        return false;
      case RecordSink::Verdict::kRefused:
        if (waiting.batch->failed(std::move(failure))) finished.push_back(waiting.batch);
        break;
    }
    ++waiting.next;
  }
  return true;
}

Lane::Finished Lane::open(std::shared_ptr<RecordSink> sink, bool& must_wait) {
  std::lock_guard lock(mutex_);
  refusal_.reset();
  sink_ = std::move(sink);
  return proceed_locked(must_wait);
}

void Lane::hold() {
  std::lock_guard lock(mutex_);
  refusal_.reset();
  sink_.reset();
}

Lane::Finished Lane::refuse(const std::string& reason) {
  std::lock_guard lock(mutex_);
  sink_.reset();
  refusal_ = reason;
  return fail_all_waiting(reason);
}

Lane::Finished Lane::fail_waiting(const std::string& reason) {
  std::lock_guard lock(mutex_);
  return fail_all_waiting(reason);
}

Lane::Finished Lane::fail_all_waiting(const std::string& reason) {
  Finished finished;
  for (Waiting& waiting : waiting_) {
    if (waiting.batch->failed_from(waiting.next, RecordFailure{.reason = reason})) finished.push_back(waiting.batch);
  }
  waiting_.clear();
  return finished;
}

bool Lane::idle() const {
  std::lock_guard lock(mutex_);
  return waiting_.empty();
}

}  // namespace embergate::kafka
