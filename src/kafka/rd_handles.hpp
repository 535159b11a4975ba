// SPDX-License-Identifier: Apache-2.0
// Owners of librdkafka's C objects. Destroying a client blocks for milliseconds (more while a name is being resolved)
// and drops what was not reported: only on control threads, and only after purging (kafka.md 3).
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace embergate::kafka {

template <auto Destroy>
struct RdDeleter {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};

using ConfHandle = std::unique_ptr<rd_kafka_conf_t, RdDeleter<&rd_kafka_conf_destroy>>;
using TopicConfHandle = std::unique_ptr<rd_kafka_topic_conf_t, RdDeleter<&rd_kafka_topic_conf_destroy>>;
using ClientHandle = std::unique_ptr<rd_kafka_t, RdDeleter<&rd_kafka_destroy>>;
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, RdDeleter<&rd_kafka_queue_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, RdDeleter<&rd_kafka_topic_destroy>>;
using EventHandle = std::unique_ptr<rd_kafka_event_t, RdDeleter<&rd_kafka_event_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, RdDeleter<&rd_kafka_error_destroy>>;
using AdminOptionsHandle = std::unique_ptr<rd_kafka_AdminOptions_t, RdDeleter<&rd_kafka_AdminOptions_destroy>>;

}  // namespace embergate::kafka
