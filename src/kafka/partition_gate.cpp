// SPDX-License-Identifier: Apache-2.0
#include "kafka/partition_gate.hpp"

#include <algorithm>

namespace embergate::kafka {

void PartitionGate::install(rd_kafka_topic_conf_t* conf) {
  rd_kafka_topic_conf_set_opaque(conf, this);
  rd_kafka_topic_conf_set_partitioner_cb(conf, &PartitionGate::partition_of);
}

PartitionGate& PartitionGate::of(const rd_kafka_topic_t* topic) {
  return *static_cast<PartitionGate*>(rd_kafka_topic_opaque(topic));
}

std::int32_t PartitionGate::partition_of(const rd_kafka_topic_t* topic, const void* key, size_t key_size,
                                         std::int32_t count, void* gate, void* record) {
  auto& self = *static_cast<PartitionGate*>(gate);
  if (self.count_.load() != count) {
    self.count_.store(count);
    self.all_open_.store(false);
  }
  return rd_kafka_msg_partitioner_murmur2_random(topic, key, key_size, count, gate, record);
}

bool PartitionGate::admits(const rd_kafka_topic_t* topic, const Record& record, const void* opaque) {
  if (all_open_.load() || record.key.data() == nullptr) return true;
  std::lock_guard lock(mutex_);
  if (unplaced_) return false;
  const std::int32_t count = count_.load();
  if (count == 0) {
    unplaced_ = opaque;
    return true;
  }
  if (partitions_.size() < static_cast<std::size_t>(count)) partitions_.resize(static_cast<std::size_t>(count));
  const std::int32_t place =
      rd_kafka_msg_partitioner_murmur2_random(topic, record.key.data(), record.key.size(), count, nullptr, nullptr);
  Partition& partition = partitions_[static_cast<std::size_t>(place)];
  if (partition.open) return true;
  if (partition.first) return false;
  partition.first = opaque;
  return true;
}

void PartitionGate::not_taken(const void* opaque) {
  if (all_open_.load()) return;
  std::lock_guard lock(mutex_);
  forget(opaque);
}

void PartitionGate::reported(const rd_kafka_message_t& message, bool acknowledged) {
  if (all_open_.load()) return;
  std::lock_guard lock(mutex_);
  forget(message._private);
  if (!acknowledged || message.partition < 0) return;
  const auto place = static_cast<std::size_t>(message.partition);
  if (partitions_.size() <= place) partitions_.resize(place + 1);
  partitions_[place].open = true;
  note_open();
}

void PartitionGate::forget(const void* opaque) {
  if (unplaced_ == opaque) unplaced_ = nullptr;
  for (Partition& partition : partitions_) {
    if (partition.first == opaque) partition.first = nullptr;
  }
}

void PartitionGate::note_open() {
  const bool all = partitions_.size() == static_cast<std::size_t>(count_.load()) &&
                   std::all_of(partitions_.begin(), partitions_.end(), [](const Partition& one) { return one.open; });
  all_open_.store(all);
}

}  // namespace embergate::kafka
