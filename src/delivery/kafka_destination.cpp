// SPDX-License-Identifier: Apache-2.0
#include "delivery/kafka_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "delivery/pem_text.hpp"

namespace embergate::delivery {
namespace {

constexpr std::int64_t kDefaultRequestTimeout = 30'000;  // Java's defaults (contract 2.5.1)
constexpr std::int64_t kDefaultDeliveryTimeout = 120'000;
constexpr std::size_t kMaxServers = 64;

bool is_word(std::string_view text, std::size_t max_length) {
  return !text.empty() && text.size() <= max_length && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// One normalised host:port; empty when it is none.
std::string normal_server(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string host = lower(text.substr(0, colon));
  const std::string_view port_text = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || error != std::errc() || end != port_text.data() + port_text.size() || port == 0 ||
      port > 65'535)
    return {};
  if (host.starts_with('[')) {
    const bool address =
        host.ends_with(']') && host.size() > 2 && host.find_first_not_of("0123456789abcdef:.%", 1) == host.size() - 1;
    return address ? fmt::format("{}:{}", host, port) : std::string();
  }
  if (host.ends_with('.')) host.pop_back();
  if (!is_word(host, 253) || host.find("..") != std::string::npos || host.front() == '.' || host.front() == '-')
    return {};
  return fmt::format("{}:{}", host, port);
}

class Reader {
 public:
  Reader(const topic::TopicDestination& destination, std::vector<fhir::Issue>& issues)
      : destination_(destination), issues_(issues) {}

  KafkaDestination read() {
    read_topic();
    read_servers();
    read_sizes_and_times();
    read_client();
    read_protocol();
    read_login();
    read_tls();
    return std::move(result_);
  }

 private:
  using Parameter = topic::DestinationParameter;

  [[nodiscard]] const Parameter* find(std::string_view name) const { return destination_.parameter(name); }

  void issue(const Parameter* parameter, std::string text, std::string_view code = "invalid") {
    fhir::Issue found;
    found.code = std::string(code);
    found.diagnostics = std::move(text);
    found.expression = parameter == nullptr ? "AidboxTopicDestination.parameter"
                                            : fmt::format("AidboxTopicDestination.parameter[{}]", parameter->index);
    issues_.push_back(std::move(found));
  }

  const Parameter* required_text(std::string_view name) {
    const Parameter* parameter = find(name);
    if (parameter == nullptr || !parameter->text) {
      issue(parameter, fmt::format("parameter \"{}\" is required", name));
      return nullptr;
    }
    return parameter;
  }

  void read_topic() {
    if (const Parameter* parameter = required_text("kafkaTopic")) {
      const std::string& name = *parameter->text;
      if (!is_word(name, 249) || name == "." || name == "..") {
        issue(parameter, "kafkaTopic must be 1 to 249 characters of A-Z, a-z, 0-9, '.', '_', '-'");
      }
      result_.topic.topic = name;
    }
    if (const Parameter* parameter = find("compressionType")) {
      result_.topic.compression_type = lower(*parameter->text);
      one_of(parameter, result_.topic.compression_type, {"none", "gzip", "snappy", "lz4", "zstd"});
    }
    if (const Parameter* parameter = find("keyByResourceId")) result_.key_by_resource_id = *parameter->boolean;
  }

  void one_of(const Parameter* parameter, std::string_view value, std::initializer_list<std::string_view> allowed) {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
    issue(parameter, fmt::format("{} must be one of {}, not \"{}\"", parameter->name, fmt::join(allowed, ", "), value));
  }

  void read_servers() {
    const Parameter* parameter = required_text("bootstrapServers");
    if (parameter == nullptr) return;
    std::set<std::string> servers;
    std::string_view rest = *parameter->text;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      more = comma != std::string_view::npos;
      const std::string_view one = trim(rest.substr(0, comma));
      rest.remove_prefix(more ? comma + 1 : rest.size());
      std::string server = normal_server(one);
      if (server.empty()) {
        issue(
            parameter,
            fmt::format("bootstrapServers must be a list like \"broker-1:9092,broker-2:9092\"; \"{}\" is not host:port",
                        one));
        return;
      }
      servers.insert(std::move(server));
    }
    if (servers.size() > kMaxServers)
      issue(parameter, fmt::format("bootstrapServers has more than {} entries", kMaxServers));
    result_.connection.bootstrap_servers = fmt::format("{}", fmt::join(servers, ","));
  }

  // The value when it is given and within its bounds.
  std::optional<std::uint32_t> number(std::string_view name, std::int64_t lowest, std::int64_t highest) {
    const Parameter* parameter = find(name);
    if (parameter == nullptr) return std::nullopt;
    if (*parameter->number < lowest || *parameter->number > highest) {
      issue(parameter, fmt::format("{} must be between {} and {}", name, lowest, highest));
      return std::nullopt;
    }
    return static_cast<std::uint32_t>(*parameter->number);
  }

  void read_sizes_and_times() {
    constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
    kafka::ConnectionSettings& connection = result_.connection;
    if (const auto value = number("batchSize", 0, kMaxInt))
      connection.batch_size = std::max(*value, 1U);  // 0 means "no batches" in Java
    if (const auto value = number("maxRequestSize", 1'000, 1'000'000'000)) connection.max_request_size = *value;
    if (const auto value = number("requestTimeoutMs", 1, 299'000)) connection.request_timeout_ms = *value;
    if (const auto value = number("maxBlockMs", 0, kMaxInt)) connection.max_block_ms = *value;
    if (const auto value = number("lingerMs", 0, 60'000)) connection.linger_ms = *value;
    const Parameter* delivery = find("deliveryTimeoutMs");
    const Parameter* request = find("requestTimeoutMs");
    const std::int64_t delivery_ms = delivery != nullptr ? *delivery->number : kDefaultDeliveryTimeout;
    const std::int64_t request_ms = request != nullptr ? *request->number : kDefaultRequestTimeout;
    if (delivery_ms < request_ms) {
      issue(delivery != nullptr ? delivery : request,
            fmt::format("deliveryTimeoutMs ({}) must not be less than requestTimeoutMs ({})", delivery_ms, request_ms));
    }
    result_.delivery_timeout = core::Milliseconds(delivery_ms);
  }

  void read_client() {
    if (const Parameter* parameter = find("clientId")) {
      result_.connection.client_id = *parameter->text;
      if (!is_word(*parameter->text, 128))
        issue(parameter, "clientId must be 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '-'");
    }
    if (const Parameter* parameter = find("acks")) {
      const std::string& value = *parameter->text;
      if (value == "0" || value == "1") {
        issue(parameter, "acks 0 and 1 can lose events: kind kafka-at-least-once needs \"all\"", "not-supported");
      } else if (value != "all" && value != "-1") {
        issue(parameter, fmt::format("acks must be \"all\", not \"{}\"", value));
      }
    }
    const Parameter* idempotence = find("enableIdempotence");
    if (idempotence != nullptr && !*idempotence->boolean) {
      issue(idempotence, "without idempotence retries change the order of records: kind kafka-at-least-once needs true",
            "not-supported");
    }
  }

  void read_protocol() {
    using kafka::SecurityProtocol;
    static constexpr std::array<std::pair<std::string_view, SecurityProtocol>, 4> kProtocols{
        {{"plaintext", SecurityProtocol::kPlaintext},
         {"ssl", SecurityProtocol::kSsl},
         {"sasl_plaintext", SecurityProtocol::kSaslPlaintext},
         {"sasl_ssl", SecurityProtocol::kSaslSsl}}};
    const Parameter* parameter = find("securityProtocol");
    if (parameter == nullptr) return;
    const std::string value = lower(*parameter->text);
    for (const auto& [name, protocol] : kProtocols) {
      if (name == value) {
        result_.connection.security_protocol = protocol;
        return;
      }
    }
    issue(parameter, fmt::format("securityProtocol must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, not \"{}\"",
                                 *parameter->text));
  }

  [[nodiscard]] bool uses_sasl() const {
    const auto protocol = result_.connection.security_protocol;
    return protocol == kafka::SecurityProtocol::kSaslPlaintext || protocol == kafka::SecurityProtocol::kSaslSsl;
  }
  [[nodiscard]] bool uses_tls() const {
    const auto protocol = result_.connection.security_protocol;
    return protocol == kafka::SecurityProtocol::kSsl || protocol == kafka::SecurityProtocol::kSaslSsl;
  }

  // Settings that would be ignored are a mistake of whoever wrote them: a login that is never used looks like one that
  // works.
  void need(bool condition, std::initializer_list<std::string_view> names, std::string_view text) {
    if (condition) return;
    for (const std::string_view name : names) {
      if (const Parameter* parameter = find(name)) issue(parameter, fmt::format("{} {}", name, text));
    }
  }

  void read_login() {
    need(uses_sasl(), {"saslMechanism", "saslJaasConfig", "saslUsername", "saslPassword"},
         "needs securityProtocol SASL_SSL or SASL_PLAINTEXT");
    if (!uses_sasl()) return;
    read_mechanism();
    const Parameter* jaas = find("saslJaasConfig");
    const Parameter* user = find("saslUsername");
    const Parameter* password = find("saslPassword");
    if (jaas != nullptr && (user != nullptr || password != nullptr)) {
      issue(jaas, "saslJaasConfig and saslUsername with saslPassword exclude each other");
      return;
    }
    if (jaas != nullptr) {
      result_.connection.sasl_jaas_config = secret(jaas);
    } else if (user != nullptr && password != nullptr) {
      result_.connection.sasl_username = *user->text;
      if (user->text->empty()) issue(user, "saslUsername must not be empty");
      result_.connection.sasl_password = secret(password);
    } else {
      issue(user != nullptr ? user : password, "SASL needs saslJaasConfig, or saslUsername and saslPassword");
    }
  }

  void read_mechanism() {
    using kafka::SaslMechanism;
    const Parameter* parameter = required_text("saslMechanism");
    if (parameter == nullptr) return;
    const std::string& value = *parameter->text;
    if (value == "PLAIN") {
      result_.connection.sasl_mechanism = SaslMechanism::kPlain;
    } else if (value == "SCRAM-SHA-256") {
      result_.connection.sasl_mechanism = SaslMechanism::kScramSha256;
    } else if (value == "SCRAM-SHA-512") {
      result_.connection.sasl_mechanism = SaslMechanism::kScramSha512;
    } else {
      const bool known = value == "GSSAPI" || value == "OAUTHBEARER" || value == "AWS_MSK_IAM";
      issue(parameter,
            fmt::format("saslMechanism \"{}\" is {}; use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", value,
                        known ? "not supported yet" : "unknown"),
            known ? "not-supported" : "invalid");
    }
  }

  std::optional<vault::SecretName> secret(const Parameter* parameter) {
    if (!parameter->secret_reference) {
      issue(parameter, fmt::format("{} carries a password: put it into a file and write a secret reference in "
                                   "_valueString instead of the value",
                                   parameter->name));
      return std::nullopt;
    }
    auto name = vault::make_secret_name(*parameter->secret_reference);
    if (!name)
      issue(parameter, "the name in the secret reference must be 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '-'");
    return name;
  }

  void read_tls() {
    need(uses_tls(), {"sslTruststoreCertificates", "sslEndpointIdentificationAlgorithm"},
         "needs securityProtocol SSL or SASL_SSL");
    if (const Parameter* parameter = find("sslTruststoreCertificates")) {
      const std::string problem = problem_with_certificates(*parameter->text);
      if (!problem.empty()) issue(parameter, "sslTruststoreCertificates " + problem);
      result_.connection.ssl_truststore_certificates = *parameter->text;
    }
    if (const Parameter* parameter = find("sslEndpointIdentificationAlgorithm")) {
      const std::string value = lower(*parameter->text);
      if (!value.empty()) one_of(parameter, value, {"https", "none"});
      result_.connection.verify_host_name = value == "https";
    }
  }

  const topic::TopicDestination& destination_;
  std::vector<fhir::Issue>& issues_;
  KafkaDestination result_;
};

}  // namespace

KafkaDestination read_kafka_destination(const topic::TopicDestination& destination, std::vector<fhir::Issue>& issues) {
  return Reader(destination, issues).read();
}

}  // namespace embergate::delivery
