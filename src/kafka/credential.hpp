// SPDX-License-Identifier: Apache-2.0
// User name and password of a SASL login, taken out of a secret file. PLAIN and SCRAM only.
// Thread: immutable after making; share as shared_ptr<const Credential>. Ownership: owns both secrets, wiped at the
// end. Failure: kInvalid with a text that names the rule and the position, never the content.
#pragma once

#include "embergate/core/result.hpp"
#include "embergate/kafka/jaas.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

struct Credential {
  vault::Secret username;
  vault::Secret password;
};

// `content`: the file's normalised content; a JAAS line or a password, whichever the settings name.
core::Result<Credential> make_credential(const ConnectionSettings& settings, const vault::Secret& content);
// A re-authentication must not change the principal (KIP-368), so another user needs another producer.
bool same_user(const Credential& left, const Credential& right);
core::Result<JaasLogin> parse_jaas(const vault::Secret& content);

}  // namespace embergate::kafka
