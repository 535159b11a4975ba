// SPDX-License-Identifier: Apache-2.0
#include "kafka/batch_state.hpp"

#include <algorithm>
#include <utility>

#include "embergate/core/assert.hpp"

namespace embergate::kafka {

void BatchRegistry::add(BatchState* batch) {
  std::lock_guard lock(mutex_);
  alive_.insert(batch);
}

void BatchRegistry::remove(BatchState* batch) {
  std::lock_guard lock(mutex_);
  alive_.erase(batch);
}

std::size_t BatchRegistry::size() const {
  std::lock_guard lock(mutex_);
  return alive_.size();
}

void BatchRegistry::abandon_all(const std::string& reason) {
  std::unordered_set<BatchState*> left;
  {
    std::lock_guard lock(mutex_);
    left.swap(alive_);
  }
  // In any order: no batch knows of another. NOLINTNEXTLINE(bugprone-nondeterministic-pointer-iteration-order)
  for (BatchState* batch : left) {
    batch->failed_from(0, RecordFailure{.maybe_persisted = true, .reason = reason});
    batch->report();
  }
}

BatchState::BatchState(std::shared_ptr<const RecordBatch> batch, Producer::Done done, BatchRegistry& registry,
                       std::shared_ptr<std::atomic<bool>> broken)
    : batch_(std::move(batch)),
      done_(std::move(done)),
      registry_(registry),
      broken_(std::move(broken)),
      slots_(batch_->records.size(), RecordSlot{this}),
      open_(slots_.size()) {
  registry_.add(this);
}

BatchState::~BatchState() { registry_.remove(this); }

BatchState& BatchState::of(void* opaque, std::size_t& index) {
  auto* slot = static_cast<RecordSlot*>(opaque);
  EG_ASSERT(slot->batch != nullptr);
  BatchState& batch = *slot->batch;
  index = static_cast<std::size_t>(slot - batch.slots_.data());
  return batch;
}

bool BatchState::delivered(std::size_t index) {
  EG_ASSERT(slots_[index].batch != nullptr);
  slots_[index].batch = nullptr;
  return open_.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

bool BatchState::failed(RecordFailure failure) {
  const std::size_t index = failure.index;
  if (failure.scope != FailureScope::kRecord) broken_->store(true);
  {
    std::lock_guard lock(mutex_);
    failures_.push_back(std::move(failure));
  }
  return delivered(index);
}

bool BatchState::failed_from(std::size_t first, const RecordFailure& pattern) {
  const std::size_t size = slots_.size();  // after the last record was settled this batch may be gone
  bool last = size == 0;
  for (std::size_t i = first; i < size; ++i) {
    if (slots_[i].batch == nullptr) continue;
    RecordFailure failure = pattern;
    failure.index = i;
    last = failed(std::move(failure));
  }
  return last;
}

void BatchState::report() {
  std::sort(failures_.begin(), failures_.end(),
            [](const RecordFailure& left, const RecordFailure& right) { return left.index < right.index; });
  done_(BatchReport{std::move(failures_)});
}

void BatchState::finish() {
  report();
  delete this;
}

}  // namespace embergate::kafka
