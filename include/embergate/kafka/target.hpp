// SPDX-License-Identifier: Apache-2.0
// What a connection names as the target of its secrets, and which of its secrets that concerns. Thread: pure. Failure:
// none; certificates that cannot be read count by their text.
#pragma once

#include <vector>

#include "embergate/kafka/settings.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::kafka {

vault::NamedTarget named_target(const ConnectionSettings& settings);
// All but certificates, which are public and may go anywhere.
std::vector<vault::SecretName> private_secrets(const ConnectionSettings& settings);

}  // namespace embergate::kafka
