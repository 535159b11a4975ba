// SPDX-License-Identifier: Apache-2.0
// One producer for each connection identity, shared by the destinations that have it (kafka.md 1), and its life: made,
// proven, rotated, rebuilt, closed. Rotation (R-39, R-40, kafka.md 5): when a secret file gives a new generation the
// pool proves the new credential with a throw-away client, then moves the running producer over in place; a refused
// credential leaves the old one working and is tried again (decision 22: 1, 2, 4, 5, 5 s ..., later up to 60 s).
// Thread: all calls from any thread; blocking work (new, metadata, flush, destroy) runs on the pool's control threads.
// Ownership: the pool outlives its Producers; shutdown() purges, flushes and destroys within `limit`. Failure:
// acquire() never fails: what is wrong shows in status() and comes right by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/kafka/producer.hpp"
#include "embergate/kafka/settings.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::kafka {

class TokenSourceFactory;

class ProducerPool {
 public:
  struct Options {
    std::size_t control_threads = 4;
    core::Milliseconds probe_timeout{5'000};
    core::Milliseconds debounce{200};
    core::Milliseconds refused_limit{
        60'000};  // after this long of refused logins a running client is given up; its records report failed
    std::size_t queue_messages = 100'000;
    std::size_t queue_kbytes = 262'144;
    std::shared_ptr<TokenSourceFactory> token_sources;  // null: no OAUTHBEARER and no MSK IAM
    observability::Faults* faults = nullptr;            // outlives the pool; null: only counted by their destinations
    vault::TargetBindings* bindings = nullptr;  // outlives the pool; null: no secret is bound to its first target
  };
  // Called on a control thread when something changed that a relay or $status wants to know: credential proven,
  // refused, connected, lost.
  struct Event {
    enum class Kind { kReady, kCredentialProven, kCredentialRefused, kError };
    Kind kind = Kind::kReady;
    std::string message;
    core::Fault fault = core::Fault::kNone;
    std::string peer{};  // the broker that it is about, "host:port"
  };
  using Listener = std::function<void(const Event&)>;

  ProducerPool(const Options& options, vault::SecretCache& secrets, const core::Clock& clock,
               observability::Metrics& metrics);
  ~ProducerPool();
  ProducerPool(const ProducerPool&) = delete;
  ProducerPool& operator=(const ProducerPool&) = delete;

  // `requester`: the destination; its right to each secret is checked now, at every resolution, and when the vault
  // config changes (R-01, R-49, S-20). Without the right every batch fails, and what was on its way comes back, but for
  // what is with a client that others share.
  [[nodiscard]] std::unique_ptr<Producer> acquire(const ConnectionSettings& connection, const TopicSettings& topic,
                                                  const vault::Requester& requester, Listener listener);
  // A secret was bound to another target: every connection looks whether its own is still the one.
  void targets_changed();
  void shutdown(core::Milliseconds limit);
  [[nodiscard]] std::size_t identities() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace embergate::kafka
