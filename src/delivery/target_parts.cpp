// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "delivery/kafka_destination.hpp"
#include "delivery/parameter_view.hpp"
#include "embergate/delivery/target_rules.hpp"
#include "embergate/kafka/target.hpp"
#include "embergate/topic/topic_destination.hpp"

namespace embergate::delivery {
namespace {

constexpr std::string_view kProfile =
    "http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-kafkaAtLeastOnceProfile";

bool has_part(fhir::Node parts, std::string_view name) {
  for (fhir::Node part = parts.first_child(); part; part = part.next_sibling(parts)) {
    if (part.member("name").string() == name) return true;
  }
  return false;
}

std::string_view text_of(fhir::Node parts, std::string_view name) {
  for (fhir::Node part = parts.first_child(); part; part = part.next_sibling(parts)) {
    if (part.member("name").string() == name) return part.member("valueString").string();
  }
  return {};
}

// A destination around the parts, so that they mean here what they mean there. What says nothing of the target is
// filled in.
std::string destination_around(fhir::Node parts, const vault::SecretName& secret) {
  std::string list(parts.raw());
  list.pop_back();  // the closing bracket
  if (!has_part(parts, "kafkaTopic")) list += R"(,{"name":"kafkaTopic","valueString":"t"})";
  constexpr std::array<std::string_view, 3> kLogins{"saslJaasConfig", "saslPassword", "sslKeystoreKey"};
  const bool has_login =
      std::any_of(kLogins.begin(), kLogins.end(), [&](std::string_view login) { return has_part(parts, login); });
  if (!has_login && lower(text_of(parts, "securityProtocol")).starts_with("sasl")) {
    list +=
        fmt::format(R"(,{{"name":"saslJaasConfig","_valueString":{{"extension":[)"
                    R"({{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}},)"
                    R"({{"url":"http://health-samurai.io/fhir/secret-reference","valueString":"{}"}}]}}}})",
                    secret.value());
  }
  return fmt::format(R"({{"resourceType":"AidboxTopicDestination","topic":"urn:target","kind":"kafka-at-least-once",)"
                     R"("meta":{{"profile":["{}"]}},"parameter":{}]}})",
                     kProfile, list);
}

core::Error invalid(const fhir::Issue& issue) {
  std::string place = issue.expression;
  constexpr std::string_view kParameter = "AidboxTopicDestination.parameter";
  if (place.starts_with(kParameter)) place.replace(0, kParameter.size(), "Parameters.parameter('target').part");
  return core::make_error(core::ErrorCode::kInvalid, issue.diagnostics, std::move(place));
}

}  // namespace

core::Result<vault::NamedTarget> target_from_parts(fhir::Node parts, const vault::SecretName& secret) {
  if (!parts.is_array() || parts.size() == 0) {
    return core::make_error(
        core::ErrorCode::kInvalid,
        "the parameter target needs parts named as the parameters of a destination, bootstrapServers "
        "at least");
  }
  EG_TRY(const fhir::ResourcePtr resource, fhir::Resource::parse(destination_around(parts, secret)));
  std::vector<fhir::Issue> issues;
  const auto destination = topic::TopicDestination::parse(*resource, "target", issues);
  if (!destination || !issues.empty()) {
    return issues.empty() ? core::make_error(core::ErrorCode::kInvalid, "the target cannot be read")
                          : invalid(issues.front());
  }
  const KafkaDestination kafka = read_kafka_destination(*destination, issues);
  if (!issues.empty()) return invalid(issues.front());
  return kafka::named_target(kafka.connection);
}

}  // namespace embergate::delivery
