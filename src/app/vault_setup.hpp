// SPDX-License-Identifier: Apache-2.0
// The vault config as the program takes it: read from BOX_VAULT_CONFIG, and every scope names a type that the server
// knows; a misspelt one would be a secret that no resource may use. Thread: any. Failure: kInvalid, a line for each
// fault, beginning with the setting's name (R-47: with the place and the reason, no content).
#pragma once

#include "embergate/app/settings.hpp"
#include "embergate/core/result.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::app {

core::Result<vault::VaultConfig> load_vault_config(const Settings& settings);  // off when the setting is empty

}  // namespace embergate::app
