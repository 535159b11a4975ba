// SPDX-License-Identifier: Apache-2.0
// Reads parameter[] of a Kafka destination against the parameter table: names, JSON types, secret references,
// duplicates (contract 2.3, 2.5). A name that is not known is refused, and read as the one that it is most like, so
// that what is wrong with its value shows as well. Thread: pure. Failure: issues with
// `AidboxTopicDestination.parameter[i]...`; what could be read is returned, and `unread` names what could not.
#pragma once

#include <string>
#include <vector>

#include "embergate/topic/topic_destination.hpp"
#include "topic/elements.hpp"

namespace embergate::topic {

std::vector<DestinationParameter> read_kafka_parameters(fhir::Node parameters, Issues& issues,
                                                        std::vector<std::string>& unread);

}  // namespace embergate::topic
