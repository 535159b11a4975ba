// SPDX-License-Identifier: Apache-2.0
// What the vault asks about the content of JAAS files, since it knows no Kafka. Thread: any; pure. Failure: the
// position and the rule, never the text.
#pragma once

#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::app {

core::Result<void> check_jaas_entry(const vault::Secret& content);

}  // namespace embergate::app
