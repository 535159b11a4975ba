// SPDX-License-Identifier: Apache-2.0
// What the vault asks about the content of JAAS files, since it knows no Kafka. Thread: any; pure. Failure: the
// position and the rule, never the text.
#pragma once

#include <string_view>

#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::app {

core::Result<void> check_jaas_entry(const vault::Secret& content);
// The same, and whether its login module is one of the destination's saslMechanism.
core::Result<void> check_jaas_entry_for(const vault::Secret& content, std::string_view mechanism);

}  // namespace embergate::app
