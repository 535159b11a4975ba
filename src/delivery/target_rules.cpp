// SPDX-License-Identifier: Apache-2.0
#include "embergate/delivery/target_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "delivery/bootstrap_servers.hpp"
#include "delivery/kafka_destination.hpp"
#include "embergate/kafka/target.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/vault/target_policy.hpp"

namespace embergate::delivery {
namespace {

namespace log = observability::log;
using topic::DestinationParameter;
using vault::Target;

// References to these are to public content, which may go anywhere.
bool is_secret(std::string_view parameter) {
  constexpr std::array<std::string_view, 2> kPublic{"sslTruststoreCertificates", "sslKeystoreCertificateChain"};
  return std::find(kPublic.begin(), kPublic.end(), parameter) == kPublic.end();
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

class Rules {
 public:
  Rules(const topic::TopicDestination& destination, const vault::VaultConfig& config,
        const vault::TargetBindings* bindings)
      : destination_(destination), config_(config), bindings_(bindings), policy_(config) {}

  std::vector<fhir::Issue> run() {
    for (const auto& parameter : destination_.parameters) {
      if (!parameter.secret_reference || !is_secret(parameter.name)) continue;
      const auto name = vault::make_secret_name(*parameter.secret_reference);
      if (name && may_use(*name)) check(*name);
    }
    check_first_use();
    return std::move(issues_);
  }

 private:
  void check(const vault::SecretName& name) {
    if (const auto* servers = text_of("bootstrapServers")) {
      Target target;
      // As the connection is made. What is no list another rule refuses.
      const auto normal = normal_bootstrap_servers(*servers->text);
      target.address = normal ? *normal : *servers->text;
      const auto* protocol = text_of("securityProtocol");
      const auto value = protocol == nullptr ? std::string("PLAINTEXT") : upper(*protocol->text);
      target.plaintext = value == "PLAINTEXT" || value == "SASL_PLAINTEXT";
      add_tls_settings(target);
      const auto* mechanism = text_of("saslMechanism");
      target.shows_secret = mechanism != nullptr && (*mechanism->text == "PLAIN" || *mechanism->text == "OAUTHBEARER");
      rule(name, target, *servers);
    }
    for (const std::string_view url : {"saslOauthbearerTokenEndpointUrl", "endpoint"}) {
      const auto* parameter = text_of(url);
      if (parameter == nullptr) continue;
      Target target;
      target.kind = Target::Kind::kUrl;
      target.address = *parameter->text;
      target.shows_secret = true;
      rule(name, target, *parameter);
    }
  }

  // Which part of the target differs is not said, or a writer could find the bound one by trying (S-13).
  void check_first_use() {
    std::vector<fhir::Issue> faults;
    const KafkaDestination kafka = read_kafka_destination(destination_, faults);
    const auto* servers = text_of("bootstrapServers");
    if (bindings_ == nullptr || !faults.empty() || servers == nullptr) return;
    const vault::NamedTarget target = kafka::named_target(kafka.connection);
    for (const vault::SecretName& name : kafka::private_secrets(kafka.connection)) {
      if (!may_use(name)) continue;
      if (auto objected = bindings_->objection(name, target)) refuse(*servers, *std::move(objected));
    }
  }

  // A name that is unknown or out of scope is another rule's matter, and who writes it hears nothing of its pins.
  [[nodiscard]] bool may_use(const vault::SecretName& name) const {
    return config_.check(name, {"AidboxTopicDestination", destination_.id, "parameter"}) ==
           vault::ScopeVerdict::kGranted;
  }

  void refuse(const DestinationParameter& aimed_by, std::string text) {
    issues_.push_back(
        {"fatal", "forbidden", std::move(text), fmt::format("AidboxTopicDestination.parameter[{}]", aimed_by.index)});
  }

  void add_tls_settings(Target& target) const {
    const auto* algorithm = text_of("sslEndpointIdentificationAlgorithm");
    target.verification_off = !target.plaintext && algorithm != nullptr && upper(*algorithm->text) != "HTTPS";
    target.own_authorities = !target.plaintext && text_of("sslTruststoreCertificates") != nullptr;
  }

  void rule(const vault::SecretName& name, const Target& target, const DestinationParameter& aimed_by) {
    const auto ruling = policy_.rule(name, target);
    if (ruling.refused()) {
      refuse(aimed_by, ruling.text);
    } else if (!ruling.text.empty()) {
      log::event(log::Level::kWarn, "secret/target-warning", ruling.text,
                 {{"secret", std::string_view(name.value())}, {"destination", std::string_view(destination_.id)}});
    }
  }

  [[nodiscard]] const DestinationParameter* text_of(std::string_view name) const {
    const auto* parameter = destination_.parameter(name);
    return parameter != nullptr && parameter->text ? parameter : nullptr;
  }

  const topic::TopicDestination& destination_;
  const vault::VaultConfig& config_;
  const vault::TargetBindings* bindings_;
  vault::TargetPolicy policy_;
  std::vector<fhir::Issue> issues_;
};

}  // namespace

std::vector<fhir::Issue> refused_targets(const topic::TopicDestination& destination, const vault::VaultConfig& config,
                                         const vault::TargetBindings* bindings) {
  return Rules(destination, config, bindings).run();
}

}  // namespace embergate::delivery
