// SPDX-License-Identifier: Apache-2.0
// One line in the log for a connection that hands a secret to someone who may not be the right one: plaintext to
// another machine (S-03), or no check of the broker's name (S-04). Thread: any. Failure: none.
#pragma once

#include <string_view>

#include "embergate/kafka/settings.hpp"

namespace embergate::kafka {

bool only_loopback(std::string_view bootstrap_servers);
void warn_of_weak_transport(const ConnectionSettings& settings);

}  // namespace embergate::kafka
