// SPDX-License-Identifier: Apache-2.0
// The member `allow` of an entry (S-01, S-08). Thread: start-up only. Failure: a JSON pointer and a reason, never
// content.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "embergate/core/result.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::vault {

core::Result<Pins> pins_from(std::string_view pointer, const nlohmann::json& value);

}  // namespace embergate::vault
