// SPDX-License-Identifier: Apache-2.0
// Where bearer tokens of a login come from: a token endpoint, a file that holds one, a signature (kafka.md 4.3, 4.4;
// K10). One TokenSource belongs to one generation of a credential: when a secret changes, a new one is made. Thread:
// make() and fetch() are called on control threads, fetch() of one source by one at a time; both block for at most the
// deadline and end early when `stopping` becomes true. Ownership: the source owns the secrets it was made from; the
// factory outlives its sources. Failure: Error::retriable true = the other side did not answer or asks for patience
// (transport, 429, 5xx): tried again on the schedule; false = refused (4xx, an expired file, a missing option): tried
// again when a secret changes, and on the schedule as a refused login is. Texts never hold a value; remote text
// passes the redactor of the one who keeps it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/kafka/jaas.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

struct BearerToken {
  vault::Secret text;
  core::SystemTime issued_at{};   // when it was fetched or signed
  core::SystemTime expires_at{};  // after now; the next one is fetched at 80 % of the time from issued_at to here
  std::string principal;          // not empty; equal principals: the running client takes the token over
  std::vector<std::pair<std::string, std::string>> extensions;  // RFC 7628, names without "extension_"
};

// What the secrets of one generation hold; exactly one of the first two.
struct TokenMaterial {
  JaasLogin login;             // module kOauthBearer or kMskIam, when `bearer_token` is empty
  vault::Secret bearer_token;  // the content of a file that is the token itself
  std::string authorities;     // PEM: whom the connection trusts, and its token endpoint beside the system's
};

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  virtual core::Result<BearerToken> fetch(core::SteadyTime deadline, const std::atomic<bool>& stopping) = 0;
};

class TokenSourceFactory {
 public:
  virtual ~TokenSourceFactory() = default;
  // Checks what can be checked without the network: options, URL, target of the secret (S-08).
  virtual core::Result<std::shared_ptr<TokenSource>> make(const ConnectionSettings& settings,
                                                          TokenMaterial material) = 0;
};

}  // namespace embergate::kafka
