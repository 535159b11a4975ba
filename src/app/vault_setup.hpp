// SPDX-License-Identifier: Apache-2.0
// The vault config as the program takes it, at the start and whenever its file changes: read from BOX_VAULT_CONFIG,
// with the listener's files as entries of their own, and every scope names a type that the server knows; a misspelt one
// would be a secret that no resource may use. Thread: any. Failure: kInvalid, a line for each fault, beginning with the
// setting's name (R-47: with the place and the reason, no content).
#pragma once

#include "embergate/app/settings.hpp"
#include "embergate/core/result.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::app {

core::Result<vault::VaultConfig> load_vault_config(const Settings& settings);  // off when the setting is empty
// What BOX_VAULT_*_MS say, what the vault asks about JAAS files, and how a config that changes is read: by the
// same checks, and one that takes the listener's certificate away is refused too. Keeps copies of what it needs.
vault::SecretCache::Options vault_options(const Settings& settings,
                                          observability::Faults* faults);  // `faults` may be null

}  // namespace embergate::app
