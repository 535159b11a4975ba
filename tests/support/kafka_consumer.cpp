// SPDX-License-Identifier: Apache-2.0
#include "support/kafka_consumer.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <set>

#include "embergate/core/assert.hpp"
#include "support/kafka_admin.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::test {

namespace {

rd_kafka_t* make_consumer() {
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& value) {
    EG_ASSERT(rd_kafka_conf_set(conf, name, value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK);
  };
  set("bootstrap.servers", KafkaEnvironment::get().plaintext);
  set("group.id", KafkaAdmin::random_name("reader"));
  set("enable.partition.eof", "true");
  set("enable.auto.commit", "false");
  set("isolation.level", "read_committed");
  set("fetch.wait.max.ms", "50");
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  EG_ASSERT(consumer != nullptr);
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

int assign_all(rd_kafka_t* consumer, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(consumer, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  EG_ASSERT(rd_kafka_metadata(consumer, 0, handle, &metadata, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const int partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  return partitions;
}

ConsumedRecord copy(const rd_kafka_message_t& message) {
  ConsumedRecord record{message.partition, message.offset, std::nullopt, std::nullopt};
  if (message.key != nullptr) record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  return record;
}

}  // namespace

std::vector<ConsumedRecord> consume_all(const std::string& topic, std::size_t expected,
                                        std::chrono::milliseconds deadline) {
  rd_kafka_t* consumer = make_consumer();
  const auto partitions = static_cast<std::size_t>(assign_all(consumer, topic));
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::vector<ConsumedRecord> records;
  std::set<int> at_end;
  while (std::chrono::steady_clock::now() < end && (records.size() < expected || at_end.size() < partitions)) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end.insert(message->partition);
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      at_end.erase(message->partition);
      records.push_back(copy(*message));
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  return records;
}

}  // namespace embergate::test
