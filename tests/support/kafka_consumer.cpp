// SPDX-License-Identifier: Apache-2.0
#include "support/kafka_consumer.hpp"

#include <set>

#include "support/kafka_environment.hpp"
#include "support/topic_reader.hpp"

namespace embergate::test {
namespace {

ConsumedRecord copy(const rd_kafka_message_t& message) {
  ConsumedRecord record{message.partition, message.offset, std::nullopt, std::nullopt,
                        rd_kafka_message_timestamp(&message, nullptr)};
  if (message.key != nullptr) record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  return record;
}

}  // namespace

std::vector<ConsumedRecord> consume_all(const std::string& topic, std::size_t expected,
                                        std::chrono::milliseconds deadline) {
  const TopicReader reader(
      KafkaEnvironment::get().plaintext, topic, TopicReader::From::kBeginning,
      {{"enable.partition.eof", "true"}, {"isolation.level", "read_committed"}, {"fetch.wait.max.ms", "50"}});
  const auto partitions = static_cast<std::size_t>(reader.partitions());
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::vector<ConsumedRecord> records;
  std::set<int> at_end;
  while (std::chrono::steady_clock::now() < end && (records.size() < expected || at_end.size() < partitions)) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(reader.handle(), 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end.insert(message->partition);
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      at_end.erase(message->partition);
      records.push_back(copy(*message));
    }
    rd_kafka_message_destroy(message);
  }
  return records;
}

}  // namespace embergate::test
