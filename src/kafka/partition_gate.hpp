// SPDX-License-Identifier: Apache-2.0
// Holds a client's second record for a partition back until its first one was acknowledged. A broker that is not yet
// the partition's leader refuses a new producer's first request; were the second one on its way, it would be accepted
// as the beginning, and the repeated first one be called a duplicate, so that it is lost or comes late (seen on topics
// that had just been made). Thread: admits() and not_taken() from any thread; reported() on the pump thread; the
// partitioner on the library's threads. Ownership: of the client, and outlives its topics. Failure: none; a record that
// is not admitted is offered again after the next report.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "embergate/kafka/producer.hpp"
#include "kafka/queue_use.hpp"

namespace embergate::kafka {

class PartitionGate {
 public:
  // Makes the topic partition as the Java client does (murmur2) and tell the gate how many partitions there are.
  void install(rd_kafka_topic_conf_t* conf);
  static PartitionGate& of(const rd_kafka_topic_t* topic);

  // May this record go now? `opaque` is the one that its report will carry. Records without a key have no order to
  // keep and always may.
  bool admits(const rd_kafka_topic_t* topic, const Record& record, const void* opaque);
  void not_taken(const void* opaque);
  void reported(const rd_kafka_message_t& message, bool acknowledged);
  [[nodiscard]] QueueUse& use() { return use_; }  // of the client's queue, by the topic's records
  void note_answer(core::SteadyTime at) { answered_.store(at.time_since_epoch().count()); }
  [[nodiscard]] bool answered_since(core::SteadyTime time) const {
    return answered_.load() >= time.time_since_epoch().count();
  }

 private:
  struct Partition {
    bool open = false;            // has acknowledged a record
    const void* first = nullptr;  // the record on its way to a partition that is not open
  };
  static std::int32_t partition_of(const rd_kafka_topic_t* topic, const void* key, size_t key_size, std::int32_t count,
                                   void* gate, void* record);
  void forget(const void* opaque);
  void note_open();

  std::atomic<std::int32_t> count_{0};  // 0: the library does not know the topic yet
  std::atomic<bool> all_open_{false};
  std::mutex mutex_;
  std::vector<Partition> partitions_;
  QueueUse use_;
  std::atomic<core::SteadyTime::rep> answered_{0};
  const void* unplaced_ = nullptr;  // a record that went when the partitions were not known
};

}  // namespace embergate::kafka
