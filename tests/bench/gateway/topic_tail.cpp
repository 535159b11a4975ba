// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway/topic_tail.hpp"

#include <librdkafka/rdkafka.h>

#include <array>

#include "embergate/core/assert.hpp"
#include "support/kafka_admin.hpp"

namespace embergate::bench {
namespace {

rd_kafka_t* make_consumer(const std::string& bootstrap) {
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& value) {
    EG_ASSERT(rd_kafka_conf_set(conf, name, value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK);
  };
  set("bootstrap.servers", bootstrap);
  set("group.id", test::KafkaAdmin::random_name("tail"));
  set("enable.auto.commit", "false");
  set("fetch.wait.max.ms", "100");
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  EG_ASSERT(consumer != nullptr);
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

// At the offsets that the topic ends with now, so that nothing that is written later is missed.
void assign_ends(rd_kafka_t* consumer, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(consumer, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  EG_ASSERT(rd_kafka_metadata(consumer, 0, handle, &metadata, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const int partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    EG_ASSERT(rd_kafka_query_watermark_offsets(consumer, topic.c_str(), i, &low, &high, 10'000) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = high;
  }
  rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
}

}  // namespace

TopicTail::TopicTail(const std::string& bootstrap, const std::string& topic, OnRecord on_record)
    : consumer_(make_consumer(bootstrap)) {
  assign_ends(consumer_, topic);
  thread_ = std::thread([this, on_record = std::move(on_record)] {
    while (!stopped_) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_, 50);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_record({static_cast<const char*>(message->key), message->key_len},
                  {static_cast<const char*>(message->payload), message->len});
      }
      rd_kafka_message_destroy(message);
    }
  });
}

TopicTail::~TopicTail() {
  stopped_ = true;
  thread_.join();
  rd_kafka_consumer_close(consumer_);
  rd_kafka_destroy(consumer_);
}

}  // namespace embergate::bench
