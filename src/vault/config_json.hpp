// SPDX-License-Identifier: Apache-2.0
// The JSON of the vault config, strictly: no duplicate members, no byte order mark, bounded depth. Thread: start-up
// only. Failure: a JSON pointer or a byte offset and a reason, never content (R-47, S-19, S-24).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "embergate/core/result.hpp"

namespace embergate::vault {

// (No Result<json>: a json can be made of anything, of an Error too.)
core::Result<void> parse_config_json(std::string_view text, nlohmann::json& document);

core::Error config_refusal(std::string_view pointer, std::string_view reason);

// `parent` with one more part; a part that is no plain word is shown as "?" lest content ends up in a message.
std::string config_pointer(std::string_view parent, std::string_view part);

}  // namespace embergate::vault
