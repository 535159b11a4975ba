// SPDX-License-Identifier: Apache-2.0
// POST /fhir/$vault-retarget: an administrator confirms that a secret may go to another target than the one it was
// first used with. Parameters: `secret` and `resource` (valueString), `target` (parts named as the parameters of a
// destination). The answer says what is bound now and what was before. Thread: pure. Failure: kMalformed, kInvalid with
// the parameter and the remedy.
#pragma once

#include <optional>
#include <string>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/vault/config.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::rest {

core::Result<vault::TargetBinding> read_retarget(std::string body, const vault::VaultConfig& config,
                                                 core::SystemTime now);
std::string retarget_json(const vault::TargetBinding& binding, const std::optional<vault::TargetBinding>& before);

}  // namespace embergate::rest
