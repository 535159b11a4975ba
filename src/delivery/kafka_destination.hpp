// SPDX-License-Identifier: Apache-2.0
// What the parameters of a destination mean to Kafka: the 422 rules on their values and the settings they become
// (contract 2.5). Thread: pure. Failure: every issue found, with the parameter's path; settings are complete only
// without issues.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/topic/topic_destination.hpp"

namespace embergate::delivery {

struct KafkaDestination {
  kafka::ConnectionSettings connection;
  kafka::TopicSettings topic;
  bool key_by_resource_id = false;
  core::Milliseconds delivery_timeout{120'000};  // how long records may wait for an answer before $status says so
};

KafkaDestination read_kafka_destination(const topic::TopicDestination& destination, std::vector<fhir::Issue>& issues);
// The issues alone, but for those that name one of `unread`: parameters that are there with values of no use.
std::vector<fhir::Issue> kafka_destination_faults(const topic::TopicDestination& destination,
                                                  std::span<const std::string> unread);

}  // namespace embergate::delivery
