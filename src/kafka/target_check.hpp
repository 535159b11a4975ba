// SPDX-License-Identifier: Apache-2.0
// Whether the secrets of a connection may be shown to a broker (S-01..S-04) or to its token endpoint (S-08). Asked
// again before every connection, because a cluster tells its clients of brokers that no destination names (S-02).
// Thread: the result is called on any thread; pure but for the config in force that it refers to. Ownership: the config
// outlives it; `bindings` may be null, and nothing is bound to its first target then. Failure: what
// check_token_endpoint() gives; claim_target() and prove_target() wait for the database, and give its errors too.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/vault/config.hpp"
#include "embergate/vault/target_bindings.hpp"
#include "kafka/connect_guard.hpp"

namespace embergate::kafka {

// Whether a login was accepted a moment ago, whose brokers prove_target() has not bound yet.
using JustAccepted = std::shared_ptr<std::atomic<bool>>;

// Empty when the connection shows no secret to anybody. What the cluster names while a login is just accepted is bound
// with it, if it is the first one; null: it never is.
BrokerObjection objection_to_brokers(const vault::ConfigInForce& config, const vault::TargetBindings* bindings,
                                     const ConnectionSettings& settings, JustAccepted just_accepted = nullptr);

// Why the secrets of a connection are kept from this user; nothing: they are not.
std::optional<std::string> objection_to_user(const vault::VaultConfig& config, const ConnectionSettings& settings,
                                             const vault::Requester& requester);

// kForbidden, with the secret's name and the address: a destination may be older than the pins of today's config.
core::Result<void> check_token_endpoint(const vault::VaultConfig& config, const ConnectionSettings& settings);

// kForbidden: the secrets are bound to another target than the settings name.
core::Result<void> check_bound_target(const vault::TargetBindings* bindings, const ConnectionSettings& settings);
// The same, and binds what is not bound yet; before anything of the secrets leaves.
core::Result<void> claim_target(vault::TargetBindings* bindings, const ConnectionSettings& settings,
                                const vault::Requester& requester, core::SystemTime now);
// The login succeeded there, and the cluster has these brokers ("host:port").
core::Result<void> prove_target(vault::TargetBindings* bindings, const ConnectionSettings& settings,
                                const std::vector<std::string>& brokers);

}  // namespace embergate::kafka
