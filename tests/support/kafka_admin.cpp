// SPDX-License-Identifier: Apache-2.0
#include "support/kafka_admin.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "embergate/core/uuid.hpp"
#include "support/eventually.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::test {

namespace {

constexpr int kLimitMs = 60'000;  // a broker on a busy machine may stand still for long
constexpr int kLeastIterations = 4096;

void require(bool fine, const char* what, const char* text) {
  if (fine) return;
  std::fprintf(stderr, "%s: %s\n", what, text);
  std::abort();
}

}  // namespace

struct KafkaAdmin::Impl {
  rd_kafka_t* client = nullptr;
  rd_kafka_queue_t* queue = nullptr;

  rd_kafka_event_t* wait(const char* what) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kLimitMs);
    require(event != nullptr, what, "no answer");
    require(rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, what, rd_kafka_event_error_string(event));
    return event;
  }

  bool has_iterations(const std::string& user, rd_kafka_ScramMechanism_t type, int iterations) {
    const char* users[] = {user.c_str()};
    rd_kafka_DescribeUserScramCredentials(client, users, 1, nullptr, queue);
    rd_kafka_event_t* event = wait("describe user");
    std::size_t count = 0;
    const auto* found = rd_kafka_DescribeUserScramCredentials_result_descriptions(
        rd_kafka_event_DescribeUserScramCredentials_result(event), &count);
    bool equal = false;
    for (std::size_t i = 0;
         count == 1 && i < rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(found[0]); ++i) {
      const auto* info = rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(found[0], i);
      equal = equal || (rd_kafka_ScramCredentialInfo_mechanism(info) == type &&
                        rd_kafka_ScramCredentialInfo_iterations(info) == iterations);
    }
    rd_kafka_event_destroy(event);
    return equal;
  }

  void set(rd_kafka_ConfigResource_t* resource, const std::string& name, const std::string& value);
};

KafkaAdmin::KafkaAdmin() : impl_(std::make_unique<Impl>()) {
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", KafkaEnvironment::get().plaintext.c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);  // brokers that a test stops are no news
  impl_->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  require(impl_->client != nullptr, "admin client", reason.data());
  impl_->queue = rd_kafka_queue_new(impl_->client);
  // Operations of a client that does not know its controller yet wait for a timer of a second.
  const rd_kafka_metadata_t* metadata = nullptr;
  require(rd_kafka_metadata(impl_->client, 0, nullptr, &metadata, kLimitMs) == RD_KAFKA_RESP_ERR_NO_ERROR,
          "admin client", "no broker");
  rd_kafka_metadata_destroy(metadata);
}

KafkaAdmin::~KafkaAdmin() {
  rd_kafka_queue_destroy(impl_->queue);
  rd_kafka_destroy(impl_->client);
}

std::string KafkaAdmin::random_name(std::string_view prefix) {
  return std::string(prefix) + "-" + core::random_uuid().substr(0, 13);
}

std::string KafkaAdmin::create_topic(std::string_view prefix, int partitions, const TopicSettings& settings) {
  std::string name = random_name(prefix);
  create_named_topic(name, partitions, settings);
  return name;
}

void KafkaAdmin::create_named_topic(const std::string& name, int partitions, const TopicSettings& settings) {
  std::array<char, 256> reason{};
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, reason.data(), reason.size());
  require(topic != nullptr, "new topic", reason.data());
  for (const auto& [key, value] : settings) rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
  rd_kafka_CreateTopics(impl_->client, &topic, 1, nullptr, impl_->queue);
  rd_kafka_event_t* event = impl_->wait("create topic");
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  require(count == 1 && rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_NO_ERROR, "create topic",
          rd_kafka_topic_result_error_string(results[0]));
  rd_kafka_event_destroy(event);
  rd_kafka_NewTopic_destroy(topic);
}

// The answer comes from the controller; the broker that checks logins follows a little later. Each change has an
// iteration count of its own, so that the moment can be seen.
void KafkaAdmin::set_scram_password(const std::string& user, const std::string& password, Scram mechanism) {
  static std::atomic<int> changes{0};
  const int iterations = kLeastIterations + 1 + changes++ % 1000;
  const auto type = mechanism == Scram::kSha256 ? RD_KAFKA_SCRAM_MECHANISM_SHA_256 : RD_KAFKA_SCRAM_MECHANISM_SHA_512;
  auto* change = rd_kafka_UserScramCredentialUpsertion_new(user.c_str(), type, iterations,
                                                           reinterpret_cast<const unsigned char*>(password.data()),
                                                           password.size(), nullptr, 0);
  rd_kafka_AlterUserScramCredentials(impl_->client, &change, 1, nullptr, impl_->queue);
  rd_kafka_event_t* event = impl_->wait("set password");
  std::size_t count = 0;
  const auto* responses = rd_kafka_AlterUserScramCredentials_result_responses(
      rd_kafka_event_AlterUserScramCredentials_result(event), &count);
  const rd_kafka_error_t* error = rd_kafka_AlterUserScramCredentials_result_response_error(responses[0]);
  require(count == 1 && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_NO_ERROR, "set password",
          rd_kafka_error_string(error));
  rd_kafka_event_destroy(event);
  rd_kafka_UserScramCredentialAlteration_destroy(change);
  const bool seen = eventually([&] { return impl_->has_iterations(user, type, iterations); });
  require(seen, "set password", "the broker did not take it over");
}

void KafkaAdmin::set_broker_setting(const std::string& name, const std::string& value) {
  impl_->set(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, "1"), name, value);
}

void KafkaAdmin::set_topic_setting(const std::string& topic, const std::string& name, const std::string& value) {
  impl_->set(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()), name, value);
}

void KafkaAdmin::Impl::set(rd_kafka_ConfigResource_t* resource, const std::string& name, const std::string& value) {
  rd_kafka_error_t* added = rd_kafka_ConfigResource_add_incremental_config(
      resource, name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str());
  require(added == nullptr, "setting", name.c_str());
  rd_kafka_IncrementalAlterConfigs(client, &resource, 1, nullptr, queue);
  rd_kafka_event_t* event = wait("setting");
  std::size_t count = 0;
  const auto* resources =
      rd_kafka_IncrementalAlterConfigs_result_resources(rd_kafka_event_IncrementalAlterConfigs_result(event), &count);
  require(count == 1 && rd_kafka_ConfigResource_error(resources[0]) == RD_KAFKA_RESP_ERR_NO_ERROR, "setting",
          rd_kafka_ConfigResource_error_string(resources[0]));
  rd_kafka_event_destroy(event);
  rd_kafka_ConfigResource_destroy(resource);
}

}  // namespace embergate::test
