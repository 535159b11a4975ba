// SPDX-License-Identifier: Apache-2.0
// The list of brokers as Kafka's own clients take it: ConfigDef's type LIST and ClientUtils.parseAndValidateAddresses.
// Blanks and line ends around the list and its entries do not count, nor does a scheme such as SASL_SSL:// (what
// encrypts is securityProtocol), and IPv6 may do without brackets. Thread: pure. Failure: kInvalid with the entry and
// the rule.
#pragma once

#include <string>
#include <string_view>

#include "embergate/core/result.hpp"

namespace embergate::delivery {

// One spelling for all of equal lists: host:port as vault::normal_server() writes it, sorted, each once, with commas.
core::Result<std::string> normal_bootstrap_servers(std::string_view list);

}  // namespace embergate::delivery
