// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/topic_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "topic/elements.hpp"
#include "topic/parameter_reader.hpp"

namespace embergate::topic {
namespace {

constexpr std::string_view kRoot = "AidboxTopicDestination";

constexpr ElementRule kDestinationElements[] = {
    {"topic", Shape::kString, true},
    {"kind", Shape::kString, true},
    {"parameter", Shape::kObjects, true},
    {"status", Shape::kString},
    {"content", Shape::kString},
    {"includeEntryAction", Shape::kBoolean},
    {"includeVersionId", Shape::kBoolean},
    {"includeVersionIdInFocusReference", Shape::kBoolean},
    {"includeEventEpoch", Shape::kBoolean},
    {"enableLogging", Shape::kBoolean},
    {"logLevel", Shape::kString},
    {"filterBy", Shape::kObjects},
};

struct KindRow {  // contract 2.4
  std::string_view code;
  DestinationKind kind;
  std::string_view profile;        // under the present prefix
  std::string_view older_profile;  // under the prefix before 2604
  bool supported;
};
constexpr std::string_view kProfilePrefix = "http://health-samurai.io/fhir/core/StructureDefinition/";
constexpr std::string_view kOlderProfilePrefix = "http://aidbox.app/StructureDefinition/";
constexpr KindRow kKinds[] = {
    {"kafka-at-least-once", DestinationKind::kKafkaAtLeastOnce, "aidboxtopicdestination-kafkaAtLeastOnceProfile",
     "aidboxtopicdestination-kafka-at-least-once", true},
    {"kafka-best-effort", DestinationKind::kKafkaBestEffort, "aidboxtopicdestination-kafkaBestEffortProfile",
     "aidboxtopicdestination-kafka-best-effort", false},
    {"webhook-at-least-once", DestinationKind::kWebhookAtLeastOnce, "aidboxtopicdestination-webhookAtLeastOnceProfile",
     "aidboxtopicdestination-webhook-at-least-once", false},
};
// Kinds of the contract that no part of this server serves.
constexpr std::array<std::string_view, 8> kForeignKindPrefixes{
    "fhir-native-", "gcp-pubsub", "nats-", "amqp-", "aws-", "clickhouse", "bigquery", "data-lakehouse"};
constexpr std::array<std::string_view, 3> kContents{"full-resource", "id-only", "empty"};
constexpr std::array<std::string_view, 5> kLogLevels{"error", "warn", "info", "debug", "trace"};

std::string place(std::string_view element) { return fmt::format("{}.{}", kRoot, element); }

const KindRow* find_kind(std::string_view code) {
  const auto* found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& row) { return row.code == code; });
  return found == std::end(kKinds) ? nullptr : found;
}

const KindRow* read_kind(fhir::Node node, Issues& issues) {
  if (!node.is_string()) return nullptr;
  const std::string_view code = node.string();
  const KindRow* row = find_kind(code);
  if (row != nullptr && row->supported) return row;
  const bool foreign = std::any_of(kForeignKindPrefixes.begin(), kForeignKindPrefixes.end(),
                                   [&](std::string_view prefix) { return code.starts_with(prefix); });
  if (row != nullptr || foreign) {
    add_issue(issues, "not-supported", fmt::format("kind \"{}\" is not supported; use \"{}\"", code, kKinds[0].code),
              place("kind"));
  } else {
    add_issue(issues, "invalid", fmt::format("unknown kind \"{}\"; use \"{}\"", code, kKinds[0].code), place("kind"));
  }
  return nullptr;
}

void check_profile(fhir::Node root, const KindRow& kind, Issues& issues) {
  const std::string wanted = fmt::format("{}{}", kProfilePrefix, kind.profile);
  const std::string older = fmt::format("{}{}", kOlderProfilePrefix, kind.older_profile);
  const fhir::Node profiles = root.member("meta").member("profile");
  for (fhir::Node item = profiles.first_child(); item; item = item.next_sibling(profiles)) {
    if (item.string() == wanted || item.string() == older) return;
  }
  add_issue(issues, "invalid",
            fmt::format("meta.profile must contain the profile of kind \"{}\": {}", kind.code, wanted),
            place("meta.profile"));
}

// The position of a code in its table; the first value when absent or wrong.
std::size_t read_code(fhir::Node root, std::string_view element, std::span<const std::string_view> allowed,
                      Issues& issues) {
  const fhir::Node node = root.member(element);
  if (!node.is_string()) return 0;
  const auto found = std::find(allowed.begin(), allowed.end(), node.string());
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  add_issue(issues, "invalid", fmt::format("\"{}\" is not one of {}", node.string(), list_of(allowed)), place(element));
  return 0;
}

void read_settings(fhir::Node root, TopicDestination& destination, Issues& issues) {
  static constexpr Content kContentOf[] = {Content::kFullResource, Content::kIdOnly, Content::kEmpty};
  destination.content = kContentOf[read_code(root, "content", kContents, issues)];
  destination.include_entry_action = root.member("includeEntryAction").boolean();
  destination.include_version_id = root.member("includeVersionId").boolean();
  destination.include_version_id_in_focus = root.member("includeVersionIdInFocusReference").boolean();
  destination.include_event_epoch = root.member("includeEventEpoch").boolean();
  destination.enable_logging = root.member("enableLogging").boolean();
  if (root.member("logLevel").is_string()) {
    destination.log_level = std::string(kLogLevels[read_code(root, "logLevel", kLogLevels, issues)]);
  }
  const fhir::Node status = root.member("status");
  if (status.is_string() && status.string() != "active") {
    add_issue(issues, "invalid", "status can only be \"active\": to stop a destination, delete it", place("status"));
  }
  if (root.member("filterBy")) {
    add_issue(issues, "not-supported",
              "filterBy of a destination is not supported yet: filter with the topic's fhirPathCriteria",
              place("filterBy"));
  }
  const fhir::Node topic = root.member("topic");
  destination.topic_url = std::string(topic.string());
  if (topic.is_string() && topic.string().empty())
    add_issue(issues, "invalid", "topic must not be empty", place("topic"));
}

}  // namespace

std::string_view to_string(DestinationKind kind) {
  const auto* found =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& row) { return row.kind == kind; });
  return found->code;
}

const DestinationParameter* TopicDestination::parameter(std::string_view name) const {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const DestinationParameter& p) { return p.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

std::shared_ptr<TopicDestination> TopicDestination::parse(const fhir::Resource& resource, std::string_view id,
                                                          std::vector<fhir::Issue>& issues) {
  const std::size_t before = issues.size();
  std::vector<std::string> unread;
  auto destination = parse_with_faults(resource, id, issues, unread);
  return has_errors(issues, before) ? nullptr : destination;
}

std::shared_ptr<TopicDestination> TopicDestination::parse_with_faults(const fhir::Resource& resource,
                                                                      std::string_view id,
                                                                      std::vector<fhir::Issue>& issues,
                                                                      std::vector<std::string>& unread) {
  const fhir::Node root = resource.root();
  check_elements(root, kRoot, kDestinationElements, resource_elements(), issues);
  auto destination = std::make_shared<TopicDestination>();
  destination->id = std::string(id);
  const KindRow* kind = read_kind(root.member("kind"), issues);
  read_settings(root, *destination, issues);
  if (kind == nullptr) return nullptr;
  destination->kind = kind->kind;
  check_profile(root, *kind, issues);
  destination->parameters = read_kafka_parameters(root.member("parameter"), issues, unread);
  return destination;
}

}  // namespace embergate::topic
