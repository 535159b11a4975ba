// SPDX-License-Identifier: Apache-2.0
// A plain Kafka consumer of one topic, for tests and benches: all partitions, without a group's coordination.
// Failure: ends the program when the consumer cannot be made or the topic cannot be read.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>

namespace embergate::test {

struct CloseConsumer {
  void operator()(rd_kafka_t* consumer) const {
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
  }
};

class TopicReader {
 public:
  enum class From { kBeginning, kEnd };
  using Properties = std::map<std::string, std::string>;

  TopicReader(const std::string& bootstrap, const std::string& topic, From from, const Properties& properties);

  [[nodiscard]] rd_kafka_t* handle() const { return consumer_.get(); }
  [[nodiscard]] int partitions() const { return partitions_; }

 private:
  std::unique_ptr<rd_kafka_t, CloseConsumer> consumer_;
  int partitions_ = 0;
};

}  // namespace embergate::test
