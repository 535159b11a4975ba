// SPDX-License-Identifier: Apache-2.0
// Health and $status as columns for people, and whether they tell of trouble. Thread: any; pure. Failure: none; members
// that are not known are shown as they are, what is missing is left out. Nothing in a text steers the terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace embergate::app {

std::string text_of_health(const nlohmann::ordered_json& health);
std::string text_of_status(const nlohmann::ordered_json& parameters);
bool is_well(const nlohmann::ordered_json& health);
// Nothing: an answer without that check, such as one for everybody.
std::optional<std::string> state_of_check(const nlohmann::ordered_json& health, const std::string& name);
// By its parameters: a broker answers, its secrets are in order, no event waits for a decision.
bool is_destination_well(const nlohmann::ordered_json& parameters);
// What an OperationOutcome says; empty: it is no OperationOutcome.
std::string text_of_outcome(std::string_view body);

}  // namespace embergate::app
