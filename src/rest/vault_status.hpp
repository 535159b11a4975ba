// SPDX-License-Identifier: Apache-2.0
// GET /fhir/$vault-status as Parameters (decision 23): per name state, reason, what to do, generation, times, ages,
// days left, the target that it is bound to, and which resources use it. Never a value, length, hash or path (S-27,
// AL-19). Thread: pure. Failure: none.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/interaction/secret_uses.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::rest {

// `in_use`: the generations that are at work with brokers, by name; of others what was read is in use.
std::string vault_status_json(const vault::SecretCache& secrets, const vault::TargetBindings& bindings,
                              const std::vector<interaction::SecretUse>& uses,
                              const std::map<std::string, std::uint64_t>& in_use, core::SystemTime now);

}  // namespace embergate::rest
