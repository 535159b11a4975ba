// SPDX-License-Identifier: Apache-2.0
#include "delivery/window.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::delivery {

std::string ChunkPool::take(std::size_t at_least) {
  if (at_least > kChunkBytes / 2 && at_least <= kChunkBytes) {
    at_least = kChunkBytes;
    std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      std::string chunk = std::move(kept_.back());
      kept_.pop_back();
      return chunk;
    }
  }
  std::string chunk;
  chunk.reserve(at_least);
  return chunk;
}

std::shared_ptr<const kafka::RecordBatch> ChunkPool::share(kafka::RecordBatch batch) {
  auto* moved = new kafka::RecordBatch(std::move(batch));
  return {moved, [pool = shared_from_this()](kafka::RecordBatch* done) {
            pool->give_back(done->memory);
            delete done;
          }};
}

void ChunkPool::give_back(std::vector<std::string>& chunks) {
  std::lock_guard lock(mutex_);
  for (std::string& chunk : chunks) {
    if (kept_.size() >= max_kept_) return;
    if (chunk.capacity() < kChunkBytes || chunk.capacity() > 2 * kChunkBytes) continue;
    chunk.clear();
    kept_.push_back(std::move(chunk));
  }
}

WindowBuilder::WindowBuilder(ChunkPool& pool, NotificationWriter& writer, Limits limits, bool keyed,
                             SizeLimit::Rules learned)
    : pool_(pool), writer_(writer), limits_(limits), keyed_(keyed), learned_(learned) {}

std::optional<Refusal> WindowBuilder::refusal_of(std::size_t bytes) const {
  if (bytes > limits_.record_bytes) {
    return Refusal{kTooLongForUs,
                   fmt::format("the record has {} bytes and needs {} more for its framing, and maxRequestSize allows "
                               "{}",
                               bytes, limits_.request_bytes - limits_.record_bytes, limits_.request_bytes),
                   bytes, false};
  }
  if (learned_.record == 0 || bytes < learned_.record) return std::nullopt;
  return Refusal{kTooLongForBroker,
                 fmt::format("the record has {} bytes, and the broker refused one of {}: raise max.message.bytes of "
                             "the topic",
                             bytes, learned_.record),
                 bytes, true};
}

// One version of a resource at a time: when the batch is refused, none may have overtaken another.
bool WindowBuilder::fits(std::string_view resource, std::size_t bytes) const {
  if (learned_.together == 0 || window_.rows.empty()) return true;
  return bytes_ + bytes <= learned_.together && !(keyed_ && resources_.contains(resource));
}

// The chunk that has this much room; it never grows beyond what it reserved, so views into it stay valid. Each chunk
// is as large as all before it.
std::string& WindowBuilder::room_for(std::size_t bytes) {
  std::vector<std::string>& chunks = batch_.memory;
  if (chunks.empty() || chunks.back().capacity() - chunks.back().size() < bytes) {
    const std::size_t next = std::clamp(bytes_, kFirstChunkBytes, ChunkPool::kChunkBytes);
    chunks.push_back(pool_.take(std::max(bytes, next)));
  }
  return chunks.back();
}

WindowBuilder::Added WindowBuilder::add(const store::OutboxEvent& event) {
  std::string& chunk = room_for(writer_.bound(event));
  const std::size_t start = chunk.size();
  const NotificationWriter::Place place = writer_.append(chunk, event);
  const std::string_view value = std::string_view(chunk).substr(start);
  const std::string_view resource = std::string_view(chunk).substr(place.resource, place.resource_length);
  const std::string_view key = keyed_ ? resource.substr(resource.size() - place.id_length) : std::string_view();
  const std::size_t bytes = value.size() + key.size();
  if (auto refusal = refusal_of(bytes)) {
    window_.refused.push_back({event.event_number, std::string(resource), *std::move(refusal)});
    chunk.resize(start);
    return Added::kRefused;
  }
  if (!fits(resource, bytes)) {
    chunk.resize(start);
    return Added::kNoRoom;
  }
  batch_.records.push_back({key, value});
  window_.rows.push_back({event.event_number, resource, event.commit_time});
  if (learned_.together != 0) resources_.insert(resource);
  bytes_ += bytes;
  return Added::kYes;
}

Window WindowBuilder::finish() {
  window_.batch = pool_.share(std::move(batch_));
  return std::move(window_);
}

}  // namespace embergate::delivery
