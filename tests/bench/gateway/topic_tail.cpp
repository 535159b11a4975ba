// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway/topic_tail.hpp"

namespace embergate::bench {

TopicTail::TopicTail(const std::string& bootstrap, const std::string& topic, OnRecord on_record)
    : reader_(bootstrap, topic, test::TopicReader::From::kEnd, {{"fetch.wait.max.ms", "100"}}) {
  thread_ = std::thread([this, on_record = std::move(on_record)] {
    while (!stopped_) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(reader_.handle(), 50);
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
}

}  // namespace embergate::bench
