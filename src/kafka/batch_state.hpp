// SPDX-License-Identifier: Apache-2.0
// The account of one batch on its way: every record is settled exactly once, and the last one finishes the batch. The
// library carries a pointer to a record's slot as its opaque, so that one allocation serves the whole batch and no
// record is copied (docs/performance.md). Thread: settle() of different records from any threads; finish() once,
// by the one who settled the last record (through the pump). Ownership: a BatchState lives until finish(), which
// destroys it; BatchRegistry knows the living ones, for the end of the pool. Failure: none of its own; settling a
// record twice is a programming fault (EG_ASSERT).
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "embergate/kafka/producer.hpp"

namespace embergate::kafka {

class BatchState;

struct RecordSlot {
  BatchState* batch = nullptr;  // null: settled
};

class BatchRegistry {
 public:
  void add(BatchState* batch);
  void remove(BatchState* batch);
  [[nodiscard]] std::size_t size() const;
  // Fails whatever is unsettled; for a client that could not be made to report in time. The memory stays: the client
  // may still read it.
  void abandon_all(const std::string& reason);

 private:
  mutable std::mutex mutex_;
  std::unordered_set<BatchState*> alive_;
};

class BatchState {
 public:
  // A failure that is not of a record alone sets `broken` before it is reported.
  BatchState(std::shared_ptr<const RecordBatch> batch, Producer::Done done, BatchRegistry& registry,
             std::shared_ptr<std::atomic<bool>> broken);
  ~BatchState();
  BatchState(const BatchState&) = delete;
  BatchState& operator=(const BatchState&) = delete;

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] const Record& record(std::size_t index) const { return batch_->records[index]; }
  [[nodiscard]] void* opaque_of(std::size_t index) { return &slots_[index]; }
  // From the opaque of a report; the index is the slot's place.
  static BatchState& of(void* opaque, std::size_t& index);

  // Both return true when this was the last open record; the caller then sees to finish().
  bool delivered(std::size_t index);
  bool failed(RecordFailure failure);
  // Fails the open records from `first` to the end, each as `pattern` says.
  bool failed_from(std::size_t first, const RecordFailure& pattern);
  void finish();  // calls Done and destroys this

 private:
  friend class BatchRegistry;
  void report();

  std::shared_ptr<const RecordBatch> batch_;
  Producer::Done done_;
  BatchRegistry& registry_;
  std::shared_ptr<std::atomic<bool>> broken_;
  std::vector<RecordSlot> slots_;
  std::atomic<std::size_t> open_;
  std::mutex mutex_;
  std::vector<RecordFailure> failures_;
};

}  // namespace embergate::kafka
