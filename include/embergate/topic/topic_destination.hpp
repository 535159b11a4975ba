// SPDX-License-Identifier: Apache-2.0
// AidboxTopicDestination (contract 2.3 to 2.5): where the events of a topic go. Structure, kind, profile, parameter
// names and JSON types are checked here; what the values mean to Kafka is delivery's matter. Thread: immutable after
// parse(). Failure: every issue found, with its element path; kinds that do not exist here give code not-supported.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::topic {

enum class DestinationKind { kKafkaAtLeastOnce, kKafkaBestEffort, kWebhookAtLeastOnce };
std::string_view to_string(DestinationKind kind);  // "kafka-at-least-once"
enum class Content { kFullResource, kIdOnly, kEmpty };

// One entry of `parameter`, checked against the table of contract 2.5.1 and 2.5.3 for its name and value[x] type.
struct DestinationParameter {
  std::string name;
  std::size_t index = 0;                        // in parameter[], for messages
  std::optional<std::string> text;              // valueString, valueUrl
  std::optional<std::int64_t> number;           // valueInteger, valueUnsignedInt, valuePositiveInt
  std::optional<bool> boolean;                  // valueBoolean
  std::optional<std::string> secret_reference;  // the name in _valueString
};

struct TopicDestination {
  std::string id;
  std::string topic_url;
  DestinationKind kind = DestinationKind::kKafkaAtLeastOnce;
  Content content = Content::kFullResource;
  bool include_entry_action = false;
  bool include_version_id = false;
  bool include_version_id_in_focus = false;
  bool include_event_epoch = false;
  bool enable_logging = false;
  std::string log_level = "info";
  std::vector<DestinationParameter> parameters;
  std::int64_t slot = 0;  // store::DestinationSlot of this life; set by the loader

  [[nodiscard]] const DestinationParameter* parameter(std::string_view name) const;
  static std::shared_ptr<TopicDestination> parse(const fhir::Resource& resource, std::string_view id,
                                                 std::vector<fhir::Issue>& issues);
  // What could be read of one that has faults, so that the checks after this one find theirs for the same answer. A
  // parameter of an unknown name counts as the one that it is most like. `unread` gets the names of those whose values
  // are of no use. Null when its kind is not served.
  static std::shared_ptr<TopicDestination> parse_with_faults(const fhir::Resource& resource, std::string_view id,
                                                             std::vector<fhir::Issue>& issues,
                                                             std::vector<std::string>& unread);
};

}  // namespace embergate::topic
