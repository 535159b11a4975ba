// SPDX-License-Identifier: Apache-2.0
// Whether the secrets of a connection may be shown to a broker (S-01..S-04) or to its token endpoint (S-08). Asked
// again before every connection, because a cluster tells its clients of brokers that no destination names (S-02).
// Thread: the result is called on any thread; pure but for the config that it refers to. Ownership: the config outlives
// it. Failure: what check_token_endpoint() gives.
#pragma once

#include "embergate/core/result.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/vault/config.hpp"
#include "kafka/connect_guard.hpp"

namespace embergate::kafka {

// Empty when the connection shows no secret to anybody.
BrokerObjection objection_to_brokers(const vault::VaultConfig& config, const ConnectionSettings& settings);

// kForbidden, with the secret's name and the address: a destination may be older than the pins of today's config.
core::Result<void> check_token_endpoint(const vault::VaultConfig& config, const ConnectionSettings& settings);

}  // namespace embergate::kafka
