// SPDX-License-Identifier: Apache-2.0
// What one generation of an identity logs in with: user and password, or a source of tokens; a key pair; authorities;
// or several of these. All secrets of a destination's connection are one bundle and become one
// Credential, so that a certificate is never used with the key of another generation. Thread: immutable after making;
// share as shared_ptr<const Credential>. Ownership: owns its secrets, wiped at the end. Failure: kInvalid with a text
// that names the rule and the position, never the content.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/kafka/jaas.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/vault/bundle.hpp"
#include "embergate/vault/secret.hpp"
#include "kafka/key_pair.hpp"
#include "kafka/token_source.hpp"

namespace embergate::kafka {

struct Credential {
  vault::Secret username;
  vault::Secret password;
  std::shared_ptr<TokenSource> tokens;  // null: the login takes none
  std::optional<KeyPair> key_pair;
  std::string authorities;  // PEM; empty: what the settings say
};

// A credential with the token of the moment.
struct Login {
  std::shared_ptr<const Credential> credential;
  std::shared_ptr<const BearerToken> token;  // null: none needed
};

// The secrets (and the inline certificates that belong to them) that the settings name, in a fixed order.
std::vector<vault::BundleMember> members_of(const ConnectionSettings& settings);
// `values`: what the members of members_of() hold, in the same order. `tokens` may be null.
core::Result<Credential> make_credential(const ConnectionSettings& settings,
                                         const std::vector<std::shared_ptr<const vault::Secret>>& values,
                                         TokenSourceFactory* tokens);
// Which part of them make_credential() cannot use.
vault::Refused unusable_part(const ConnectionSettings& settings,
                             const std::vector<std::shared_ptr<const vault::Secret>>& values);

// How a running client comes from one login to another. In place: the next connection uses it, no open one is cut; only
// within one principal, since a re-authentication must not change it (KIP-368).
enum class Takeover { kNothingToDo, kInPlace, kReplace };
Takeover takeover(const Login& running, const Login& next);

bool uses_sasl(const ConnectionSettings& settings);
bool uses_tls(const ConnectionSettings& settings);
bool has_tls_secrets(const ConnectionSettings& settings);
bool uses_tokens(const ConnectionSettings& settings);
// Whether there is anything to prove before records may go out.
bool needs_credential(const ConnectionSettings& settings);
std::vector<vault::SecretName> secret_names(const ConnectionSettings& settings);
// Those that a refusal is about. None: what is refused comes from elsewhere, as AWS credentials do.
std::vector<vault::SecretName> refused_secrets(const ConnectionSettings& settings, vault::Refused what);
std::string secret_list(const ConnectionSettings& settings);  // for logs: "a b"
// The generations of their files in the same order: "3 1"; without a secret "1".
std::string generation_list(const ConnectionSettings& settings,
                            const std::map<std::string, std::uint64_t>& file_generations);
std::string in_words(const std::vector<vault::SecretName>& names);  // "secret 'a'", "secrets 'a', 'b'", "the login"
core::Result<JaasLogin> parse_jaas(const vault::Secret& content);

}  // namespace embergate::kafka
