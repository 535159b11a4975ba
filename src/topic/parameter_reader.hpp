// SPDX-License-Identifier: Apache-2.0
// Reads parameter[] of a Kafka destination against the parameter table: names, JSON types, secret references,
// duplicates (contract 2.3, 2.5). Thread: pure. Failure: issues with `AidboxTopicDestination.parameter[i]...`; what
// could be read is returned.
#pragma once

#include <vector>

#include "embergate/topic/topic_destination.hpp"
#include "topic/elements.hpp"

namespace embergate::topic {

std::vector<DestinationParameter> read_kafka_parameters(fhir::Node parameters, Issues& issues);

}  // namespace embergate::topic
