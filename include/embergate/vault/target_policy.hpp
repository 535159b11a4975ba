// SPDX-License-Identifier: Apache-2.0
// Where a secret may be sent by the vault config alone (S-01..S-04, S-08); what its first use says of it is
// target_bindings.hpp's matter. A scope says who may use a secret; those who may write that resource can
// aim it at any address, unless the entry pins its targets with `allow`. Asked when a resource is written, and again
// for every broker name and URL before a connection that carries the secret is opened (S-02). Thread: pure functions
// over an immutable config. Ownership: keeps a reference to the config; those who ask again later take the one in force
// then. Failure: a ruling with a text for the one who
// wrote the resource; it names the secret and the refused target, never what else is allowed (S-13).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/vault/config.hpp"

namespace embergate::vault {

struct Target {
  enum class Kind { kBootstrap, kUrl };
  Kind kind = Kind::kBootstrap;
  std::string address;            // kBootstrap: "host:port", or several with commas, each of which must be allowed
  bool plaintext = false;         // kBootstrap: no TLS; of a URL the scheme says it
  bool verification_off = false;  // the peer's name or chain is not checked
  bool own_authorities = false;   // trusts authorities that stand in the resource itself, not in an operator's file
  bool shows_secret = false;  // the peer is shown the secret itself, or a token that stands for it (PLAIN, OAUTHBEARER)
};

struct TargetRuling {
  enum class Verdict { kAllowed, kWarned, kRefused };
  Verdict verdict = Verdict::kAllowed;
  std::string text;  // for kWarned and kRefused: what is wrong and how to fix it
  [[nodiscard]] bool refused() const { return verdict == Verdict::kRefused; }
};

class TargetPolicy {
 public:
  explicit TargetPolicy(const VaultConfig& config) : config_(config) {}
  // May this secret (password, token that was got with it, key) go there? A name that the config has not is refused.
  [[nodiscard]] TargetRuling rule(const SecretName& name, const Target& target) const;

 private:
  const VaultConfig& config_;
};

// One form for all spellings of a host: lower case, no final dot, IPv4 in dotted decimals whatever notation it came in,
// IPv6 in brackets as RFC 5952 writes it, IPv4-mapped IPv6 as IPv4. Empty: not a host (userinfo, non-ASCII: write the
// xn-- form).
std::string normal_host(std::string_view host);
// "host:port" with normal_host(); empty: malformed.
std::string normal_server(std::string_view server);
bool is_loopback_host(std::string_view normal_host);

struct NormalUrl {
  bool tls = false;
  std::string host;  // normal_host()
  std::uint16_t port = 0;
  std::string path;  // absolute, dot segments resolved, as "/" or "/a/b/"
};
// http and https only; no userinfo, no control characters or backslashes, no %2F, %5C, %2E in the path: a server may
// decode them before it splits the path.
std::optional<NormalUrl> normal_url(std::string_view url);

}  // namespace embergate::vault
