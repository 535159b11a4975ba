// SPDX-License-Identifier: Apache-2.0
// What the vault asks about the content of JAAS files, since it knows no Kafka. Thread: any; pure. Failure: false.
#pragma once

#include "embergate/vault/secret.hpp"

namespace embergate::app {

bool is_jaas_entry(const vault::Secret& content);

}  // namespace embergate::app
