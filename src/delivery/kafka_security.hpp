// SPDX-License-Identifier: Apache-2.0
// How a destination logs in to Kafka and whom it trusts: the 422 rules on the security parameters and the settings they
// become (contract 2.5). Thread: pure. Failure: every issue found; settings are complete only without issues.
#pragma once

#include "delivery/parameter_view.hpp"
#include "embergate/kafka/settings.hpp"

namespace embergate::delivery {

void read_kafka_security(ParameterView& parameters, kafka::ConnectionSettings& connection);

}  // namespace embergate::delivery
