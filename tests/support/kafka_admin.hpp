// SPDX-License-Identifier: Apache-2.0
// What a Kafka operator does in tests, within milliseconds: topics and SCRAM passwords, through librdkafka's admin
// client on the plaintext listener. Thread: one at a time. Failure: a refused operation ends the test program with the
// broker's text.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace embergate::test {

enum class Scram { kSha256, kSha512 };

class KafkaAdmin {
 public:
  KafkaAdmin();  // the broker of KafkaEnvironment
  ~KafkaAdmin();
  KafkaAdmin(const KafkaAdmin&) = delete;
  KafkaAdmin& operator=(const KafkaAdmin&) = delete;

  // A new topic with a random name that begins with `prefix`; its name.
  using TopicSettings = std::map<std::string, std::string>;  // such as message.timestamp.type
  std::string create_topic(std::string_view prefix, int partitions = 4, const TopicSettings& settings = {});
  void create_named_topic(const std::string& name, int partitions = 4, const TopicSettings& settings = {});
  // Makes the user when there is none.
  void set_scram_password(const std::string& user, const std::string& password, Scram mechanism = Scram::kSha512);
  // A setting of the running broker, such as listener.name.mtls.ssl.truststore.location; the same file named again is
  // read again.
  void set_broker_setting(const std::string& name, const std::string& value);
  // A setting of a topic, such as max.message.bytes.
  void set_topic_setting(const std::string& topic, const std::string& name, const std::string& value);
  static std::string random_name(std::string_view prefix);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::test
