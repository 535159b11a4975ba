// SPDX-License-Identifier: Apache-2.0
// A window: rows of the outbox that are sent and settled together, and the memory that their records lie in (decision
// 19, decision 40). Thread: built by one thread, then read by the relay's strand; the memory may be released on any
// thread. Ownership: the batch owns all bytes; rows are views into them. Bound: the builder of the window stops in
// time; one chunk holds many records, a long record has a chunk of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "delivery/held_resources.hpp"
#include "delivery/notification_writer.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/kafka/producer.hpp"
#include "embergate/store/outbox.hpp"

namespace embergate::delivery {

struct Row {
  store::EventNumber number = 0;
  std::string_view resource;  // "Type/id", in the batch's memory
  core::SystemTime commit_time{};
};

// Not sent at all, because Kafka would refuse it.
struct RefusedRow {
  store::EventNumber number = 0;
  std::string resource;
  Refusal refusal;
};

// Waited, and was discarded: it goes with what is settled, and what stands behind it is caught up.
struct GivenUpRow {
  store::EventNumber number = 0;
  std::string resource;
};

struct Window {
  std::uint64_t sequence = 0;  // given by the pipeline
  std::vector<Row> rows;       // row i is record i of the batch
  std::shared_ptr<const kafka::RecordBatch> batch;
  std::vector<RefusedRow> refused;
  std::vector<store::EventNumber> dropped;  // are not wanted: they go with what is settled
  std::vector<GivenUpRow> given_up;
  bool alone = false;  // one record, and none of the destination's was in flight beside it
  core::SteadyTime sent_at{};

  [[nodiscard]] bool empty() const { return rows.empty() && refused.empty() && dropped.empty() && given_up.empty(); }
  [[nodiscard]] std::size_t record_bytes(std::size_t index) const {
    const kafka::Record& record = batch->records[index];
    return record.key.size() + record.value.size();
  }
};

// Large chunks that windows gave back, for the next ones. Shared by all relays.
class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
 public:
  static constexpr std::size_t kChunkBytes = std::size_t{1024} * 1024;
  explicit ChunkPool(std::size_t max_kept) : max_kept_(max_kept) {}
  std::string take(std::size_t at_least);  // empty, with this capacity; a kept one for most of kChunkBytes
  // A batch that gives its chunks back when its last holder lets go.
  std::shared_ptr<const kafka::RecordBatch> share(kafka::RecordBatch batch);

 private:
  void give_back(std::vector<std::string>& chunks);
  std::mutex mutex_;
  std::vector<std::string> kept_;
  std::size_t max_kept_;
};

class WindowBuilder {
 public:
  struct Limits {
    std::size_t rows = 10'000;
    std::size_t bytes = std::size_t{16} * 1024 * 1024;  // of records
    std::size_t record_bytes = 1'000'000;               // key + value that the producer takes
    std::size_t request_bytes = record_bytes;           // the same with its framing: maxRequestSize
  };
  WindowBuilder(ChunkPool& pool, NotificationWriter& writer, Limits limits, bool keyed, SizeLimit::Rules learned = {});

  [[nodiscard]] bool full() const { return window_.rows.size() >= limits_.rows || bytes_ >= limits_.bytes; }
  enum class Added {
    kYes,
    kRefused,  // the record is too long; it stands in refused()
    kNoRoom    // it may not travel with what is in the window already
  };
  Added add(const store::OutboxEvent& event);
  [[nodiscard]] const std::vector<RefusedRow>& refused() const { return window_.refused; }
  [[nodiscard]] bool empty() const { return window_.rows.empty() && window_.refused.empty(); }
  Window finish();

 private:
  // The first chunk: most windows of a quiet day hold one record, and there may be hundreds of destinations.
  static constexpr std::size_t kFirstChunkBytes = std::size_t{8} * 1024;
  std::string& room_for(std::size_t bytes);
  [[nodiscard]] std::optional<Refusal> refusal_of(std::size_t bytes) const;
  // Whether a batch of the broker may hold this record beside those in the window.
  [[nodiscard]] bool fits(std::string_view resource, std::size_t bytes) const;

  ChunkPool& pool_;
  NotificationWriter& writer_;
  Limits limits_;
  bool keyed_;
  SizeLimit::Rules learned_;
  kafka::RecordBatch batch_;
  Window window_;
  std::unordered_set<std::string_view> resources_;  // while little may travel together; views into the window
  std::size_t bytes_ = 0;
};

}  // namespace embergate::delivery
