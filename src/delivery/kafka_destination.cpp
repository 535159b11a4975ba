// SPDX-License-Identifier: Apache-2.0
#include "delivery/kafka_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "delivery/bootstrap_servers.hpp"
#include "delivery/kafka_security.hpp"
#include "delivery/parameter_view.hpp"
#include "embergate/kafka/target.hpp"

namespace embergate::delivery {
namespace {

constexpr std::int64_t kDefaultRequestTimeout = 30'000;  // Java's defaults (contract 2.5.1)
constexpr std::int64_t kDefaultDeliveryTimeout = 120'000;

bool is_word(std::string_view text, std::size_t max_length) {
  return !text.empty() && text.size() <= max_length && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

class Reader {
 public:
  explicit Reader(ParameterView& parameters) : parameters_(parameters) {}

  KafkaDestination read() {
    read_topic();
    read_servers();
    read_sizes_and_times();
    read_client();
    read_kafka_security(parameters_, result_.connection);
    check_own_aws_identity();
    return std::move(result_);
  }

 private:
  using Parameter = ParameterView::Parameter;

  void read_topic() {
    if (const Parameter* parameter = parameters_.required_text("kafkaTopic")) {
      const std::string& name = *parameter->text;
      if (!is_word(name, 249) || name == "." || name == "..") {
        parameters_.issue(parameter, "kafkaTopic must be 1 to 249 characters of A-Z, a-z, 0-9, '.', '_', '-'");
      }
      result_.topic.topic = name;
    }
    if (const Parameter* parameter = parameters_.find("compressionType")) {
      result_.topic.compression_type = lower(*parameter->text);
      parameters_.one_of(parameter, result_.topic.compression_type, {"none", "gzip", "snappy", "lz4", "zstd"});
    }
    if (const Parameter* parameter = parameters_.find("keyByResourceId"))
      result_.key_by_resource_id = *parameter->boolean;
  }

  void read_servers() {
    const Parameter* parameter = parameters_.required_text("bootstrapServers");
    if (parameter == nullptr) return;
    auto servers = normal_bootstrap_servers(*parameter->text);
    if (!servers) return parameters_.issue(parameter, servers.error().diagnostics);
    result_.connection.bootstrap_servers = *std::move(servers);
  }

  void check_own_aws_identity() {
    const auto objection = kafka::objection_to_own_aws_identity(result_.connection);
    if (objection) parameters_.issue(parameters_.find("saslJaasConfig"), *objection);
  }

  void read_sizes_and_times() {
    constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
    kafka::ConnectionSettings& connection = result_.connection;
    if (const auto value = parameters_.number("batchSize", 0, kMaxInt))
      connection.batch_size = std::max(*value, 1U);  // 0 means "no batches" in Java
    if (const auto value = parameters_.number("maxRequestSize", 1'000, 1'000'000'000))
      connection.max_request_size = *value;
    if (const auto value = parameters_.number("requestTimeoutMs", 1, 299'000)) connection.request_timeout_ms = *value;
    if (const auto value = parameters_.number("maxBlockMs", 0, kMaxInt)) connection.max_block_ms = *value;
    if (const auto value = parameters_.number("lingerMs", 0, 60'000)) connection.linger_ms = *value;
    const Parameter* delivery = parameters_.find("deliveryTimeoutMs");
    const Parameter* request = parameters_.find("requestTimeoutMs");
    const std::int64_t delivery_ms = delivery != nullptr ? *delivery->number : kDefaultDeliveryTimeout;
    const std::int64_t request_ms = request != nullptr ? *request->number : kDefaultRequestTimeout;
    if (delivery_ms < request_ms) {
      parameters_.issue(
          delivery != nullptr ? delivery : request,
          fmt::format("deliveryTimeoutMs ({}) must not be less than requestTimeoutMs ({})", delivery_ms, request_ms));
    }
    result_.delivery_timeout = core::Milliseconds(delivery_ms);
  }

  void read_client() {
    if (const Parameter* parameter = parameters_.find("clientId")) {
      result_.connection.client_id = *parameter->text;
      if (!is_word(*parameter->text, 128))
        parameters_.issue(parameter, "clientId must be 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '-'");
    }
    if (const Parameter* parameter = parameters_.find("acks")) {
      const std::string& value = *parameter->text;
      if (value == "0" || value == "1") {
        parameters_.issue(parameter, "acks 0 and 1 can lose events: kind kafka-at-least-once needs \"all\"",
                          "not-supported");
      } else if (value != "all" && value != "-1") {
        parameters_.issue(parameter, fmt::format("acks must be \"all\", not \"{}\"", value));
      }
    }
    const Parameter* idempotence = parameters_.find("enableIdempotence");
    if (idempotence != nullptr && !*idempotence->boolean) {
      parameters_.issue(idempotence,
                        "without idempotence retries change the order of records: kind kafka-at-least-once needs true",
                        "not-supported");
    }
  }

  ParameterView& parameters_;
  KafkaDestination result_;
};

}  // namespace

KafkaDestination read_kafka_destination(const topic::TopicDestination& destination, std::vector<fhir::Issue>& issues) {
  ParameterView parameters(destination, issues);
  return Reader(parameters).read();
}

// Rules that look at more than one parameter name each of them.
std::vector<fhir::Issue> kafka_destination_faults(const topic::TopicDestination& destination,
                                                  std::span<const std::string> unread) {
  std::vector<fhir::Issue> issues;
  read_kafka_destination(destination, issues);
  std::erase_if(issues, [&](const fhir::Issue& issue) {
    return std::any_of(unread.begin(), unread.end(),
                       [&](const std::string& name) { return issue.diagnostics.find(name) != std::string::npos; });
  });
  return issues;
}

}  // namespace embergate::delivery
