// SPDX-License-Identifier: Apache-2.0
// One `sasl.jaas.config` entry, read as Kafka's own tokenizer reads it (R-27, contract 2.5.2, docs/reference/kafka.md).
// Thread: pure. Ownership: JaasLogin owns its secrets. Failure: kInvalid with the position and the rule, never the
// text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

enum class LoginModule { kPlain, kScram, kOauthBearer, kMskIam };

struct JaasOption {
  std::string key;
  vault::Secret value;
};

struct JaasLogin {
  LoginModule module = LoginModule::kPlain;
  vault::Secret username;  // PLAIN, SCRAM: username; OAUTHBEARER: clientId; MSK IAM: empty
  vault::Secret password;  // PLAIN, SCRAM: password; OAUTHBEARER: clientSecret; MSK IAM: empty
  // Every other option, each key once (the last of equal ones): scope, extension_*, aws*. PLAIN and SCRAM: empty.
  std::vector<JaasOption> options;
  [[nodiscard]] const vault::Secret* option(std::string_view key) const;  // null: not given
};

core::Result<JaasLogin> parse_jaas(std::string_view text);
// Whether the module logs in by this saslMechanism; what to do when it does not. An unknown mechanism fits nothing.
core::Result<void> fits_mechanism(LoginModule module, std::string_view mechanism);
// The same grammar without keeping anything: whether the line carries a credential (decision 3).
core::Result<bool> jaas_has_credential(std::string_view text);

}  // namespace embergate::kafka
