// SPDX-License-Identifier: Apache-2.0
#include "support/topic_reader.hpp"

#include <array>

#include "embergate/core/assert.hpp"
#include "support/kafka_admin.hpp"

namespace embergate::test {
namespace {

constexpr int kTimeoutMs = 10'000;

rd_kafka_t* make_consumer(const std::string& bootstrap, const TopicReader::Properties& properties) {
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const std::string& name, const std::string& value) {
    EG_ASSERT(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK);
  };
  set("bootstrap.servers", bootstrap);
  set("group.id", KafkaAdmin::random_name("reader"));
  set("enable.auto.commit", "false");
  for (const auto& [name, value] : properties) set(name, value);
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  EG_ASSERT(consumer != nullptr);
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

int partitions_of(rd_kafka_t* consumer, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(consumer, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  EG_ASSERT(rd_kafka_metadata(consumer, 0, handle, &metadata, kTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const int partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  return partitions;
}

// The offset as it is now, so that nothing that is written later is missed.
std::int64_t end_of(rd_kafka_t* consumer, const std::string& topic, int partition) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  EG_ASSERT(rd_kafka_query_watermark_offsets(consumer, topic.c_str(), partition, &low, &high, kTimeoutMs) ==
            RD_KAFKA_RESP_ERR_NO_ERROR);
  return high;
}

}  // namespace

TopicReader::TopicReader(const std::string& bootstrap, const std::string& topic, From from,
                         const Properties& properties)
    : consumer_(make_consumer(bootstrap, properties)), partitions_(partitions_of(handle(), topic)) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions_);
  for (int i = 0; i < partitions_; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset =
        from == From::kBeginning ? RD_KAFKA_OFFSET_BEGINNING : end_of(handle(), topic, i);
  }
  rd_kafka_assign(handle(), list);
  rd_kafka_topic_partition_list_destroy(list);
}

}  // namespace embergate::test
