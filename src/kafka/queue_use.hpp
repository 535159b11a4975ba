// SPDX-License-Identifier: Apache-2.0
// What of a client's queue is in use, and how much of it one topic may have. A topic whose partitions have no leader
// never gives back what it holds; were it allowed to take all, the client's other topics would stand still with it. Of
// several topics each may hold as much as is still free: one that is stuck ends at half of the queue, the next one at a
// quarter. An eighth of the queue is for topics that were answered lately, so that they go on however many are stuck.
// Thread: any. Failure: none. Rule: kafka.md 3.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace embergate::kafka {

class QueueUse {
 public:
  struct Amount {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  void add(Amount amount) { both_.fetch_add(packed(amount)); }
  // What is left.
  Amount remove(Amount amount) {
    const std::uint64_t whole = packed(amount);
    return unpacked(both_.fetch_sub(whole) - whole);
  }
  [[nodiscard]] Amount now() const { return unpacked(both_.load()); }

 private:
  // One word, so that a record costs one atomic operation on each way: 16 million records, a terabyte.
  static constexpr unsigned kByteBits = 40;
  static constexpr std::uint64_t packed(Amount amount) { return (amount.records << kByteBits) | amount.bytes; }
  static constexpr Amount unpacked(std::uint64_t both) {
    return {both >> kByteBits, both & ((std::uint64_t{1} << kByteBits) - 1)};
  }
  std::atomic<std::uint64_t> both_{0};
};

// The part that topics without recent answers leave alone is taken off.
constexpr QueueUse::Amount without_reserve(QueueUse::Amount limit) {
  return {limit.records - limit.records / 8, limit.bytes - limit.bytes / 8};
}

// A topic that holds nothing always has its turn.
constexpr bool has_share(QueueUse::Amount topic, QueueUse::Amount all, QueueUse::Amount limit) {
  if (topic.records == 0) return true;
  if (all.records >= limit.records || all.bytes >= limit.bytes) return false;
  return topic.records < limit.records - all.records && topic.bytes < limit.bytes - all.bytes;
}

}  // namespace embergate::kafka
