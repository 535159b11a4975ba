// SPDX-License-Identifier: Apache-2.0
// What a connection names as the target of its secrets, and which of its secrets that concerns. Thread: pure. Failure:
// none; certificates that cannot be read count by their text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/kafka/settings.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::kafka {

vault::NamedTarget named_target(const ConnectionSettings& settings);
// All but certificates, which are public and may go anywhere.
std::vector<vault::SecretName> private_secrets(const ConnectionSettings& settings);

// AWS_MSK_IAM without a secret logs in with the gateway's own identity at AWS, which no scope and no pin protects; a
// signed token is good for any cluster of its region. So that identity goes to Amazon MSK only, with its certificates
// checked.
bool uses_own_aws_identity(const ConnectionSettings& settings);
// What the settings, or a broker's "host:port" that the cluster named, have against them; nothing when all is well, or
// when the connection does not use that identity.
std::optional<std::string> objection_to_own_aws_identity(const ConnectionSettings& settings);
std::optional<std::string> objection_to_msk_broker(const ConnectionSettings& settings, std::string_view broker);

}  // namespace embergate::kafka
