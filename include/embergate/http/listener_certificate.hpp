// SPDX-License-Identifier: Apache-2.0
// Keeps the pair that a server shows up to date with the files that hold it, by the same rules as every other secret
// (R-20..R-22): one snapshot, proven to fit; a broken or half-written pair leaves the one in use. Thread: start() and
// stop() on the thread that wires the program; new pairs are read on `pool`. Ownership: cache and pool outlive it; the
// pair is shared with the server. Failure: start() says why there is nothing to show; later faults are logged.
#pragma once

#include <memory>
#include <optional>

#include "embergate/core/fair_pool.hpp"
#include "embergate/core/result.hpp"
#include "embergate/http/listener_tls.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::http {

// Whose secrets these are: the scope of a vault entry for them is {"resource_type": "Listener", "id": "web"}.
struct ListenerFiles {
  vault::SecretName certificate;         // the chain, or key and chain in one file
  std::optional<vault::SecretName> key;  // absent: within `certificate`
};

class ListenerCertificate {
 public:
  // `faults`: where web.certificate lasts while the files hold what cannot be shown; outlives it. Null: nowhere.
  ListenerCertificate(vault::SecretCache& secrets, core::FairPool& pool, const ListenerFiles& files,
                      observability::Faults* faults = nullptr);
  ~ListenerCertificate();
  ListenerCertificate(const ListenerCertificate&) = delete;
  ListenerCertificate& operator=(const ListenerCertificate&) = delete;

  core::Result<void> start();
  void stop();
  [[nodiscard]] std::shared_ptr<ListenerTls> tls() const;
  static vault::Requester requester();

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::unique_ptr<vault::Watch> watch_;
};

}  // namespace embergate::http
