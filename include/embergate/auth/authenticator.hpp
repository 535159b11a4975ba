// SPDX-License-Identifier: Apache-2.0
// Basic authentication of Client resources and of the root client (contract 4.1, 4.5; decision 24). A Client's secret
// is a reference that is resolved at every request, so a rotated file is effective on the next one, or an
// inline value kept as a slow hash. Thread: authenticate() is a coroutine for io executors; files are read on the pool
// given, hashes are verified on a pool of one thread of its own. Ownership: Store, SecretCache, Clock and Metrics
// outlive it. Failure: kMalformed for a header that is none (400), kUnauthenticated without any hint (401), kThrottled
// after too many failures, with the seconds that it lasts, or when the hash queue has no place (429, S-40); a caller
// that was let in within a day, from its address and with the same secret, is among those only after that secret was
// refused since, or for lack of a place in the line of its address for hashes, which guesses give up to it;
// kUnavailable when the store cannot be read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/auth/principal.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/core/fair_pool.hpp"
#include "embergate/core/result.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/store/store.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::auth {

struct RootClient {
  std::string id = "root";  // BOX_ROOT_CLIENT_ID
  vault::Secret secret;     // BOX_ROOT_CLIENT_SECRET or _FILE; empty: there is no root client
};

struct AuthOptions {
  std::size_t failures_per_minute = 10;    // of one client at one address (S-40)
  std::size_t failures_per_address = 100;  // within a minute, over all clients
  // Within a minute, over all addresses, and of a secret over all clients that share it; ten times that for addresses
  // without failures of their own within the hour.
  std::size_t failures_per_client = 20;
  std::size_t max_tracked = 10'000;  // of each kind of count
  std::size_t max_proven = 10'000;   // callers that were let in within a day, at their address
  std::size_t hash_queue = 64;       // logins that wait for the thread of hashes
  std::size_t hash_queue_per_address = 4;
  std::size_t hash_cache = 1'024;
};

// What Client and AccessPolicy resources must satisfy before they are stored; other types give no issue.
std::vector<fhir::Issue> validate(const fhir::Resource& resource, std::string_view id);

// Default deny (contract 4.5): kUnauthenticated for anonymous callers, kForbidden for others, unless a policy allows
// it. `interaction` and `type` as in Rights. Pure.
[[nodiscard]] core::Result<void> authorize(const Principal& principal, std::string_view interaction,
                                           std::string_view type);
// Anything at all.
[[nodiscard]] core::Result<void> authorize_any(const Principal& principal);
// Everything: the root client, and who is linked to a policy without lists.
[[nodiscard]] core::Result<void> authorize_administrator(const Principal& principal);

class Authenticator {
 public:
  Authenticator(AuthOptions options, RootClient root, store::Store& store, vault::SecretCache& secrets,
                core::FairPool& pool, const core::Clock& clock, observability::Metrics& metrics);
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // `authorization`: the header's value, empty when there is none (anonymous). `remote_address`: of the caller; IPv6
  // addresses are counted by their /64, and by their /48 with four times the limits.
  // `retry_after` is set to how long it lasts when there were too many failures, and must live until the end.
  boost::asio::awaitable<core::Result<Principal>> authenticate(std::string authorization, std::string remote_address,
                                                               std::chrono::seconds& retry_after);
  void drop_caches();  // POST /$drop-cache

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace embergate::auth
