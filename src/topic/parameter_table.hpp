// SPDX-License-Identifier: Apache-2.0
// The parameters of a Kafka destination as data: name, JSON type, whether a secret reference may stand for the value,
// whether it works here yet (contract 2.5.1, 2.5.3). What a value means to Kafka is delivery's matter. Thread:
// constants.
#pragma once

#include <span>
#include <string_view>

namespace embergate::topic {

enum class ValueType { kString, kInteger, kBoolean };
enum class Support {
  kYes,
  kNotYet
};  // kNotYet: a value that asks for nothing (false, 0) is accepted, any other is refused

struct ParameterRule {
  std::string_view name;
  ValueType type = ValueType::kString;
  bool secret_allowed = false;
  Support support = Support::kYes;
};

std::span<const ParameterRule> kafka_parameters();
const ParameterRule* find_kafka_parameter(std::string_view name);

}  // namespace embergate::topic
