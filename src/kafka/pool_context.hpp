// SPDX-License-Identifier: Apache-2.0
// What all identities of one pool share. Clients that were replaced end here: they are asked to give their records
// back, and destroyed when the last one has reported. Thread: any. Ownership: the pool owns it and outlives every user.
// Failure: a client that does not report (a name being resolved for ever) stays in the list until the pool ends, and is
// then left to the operating system.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "embergate/kafka/producer_pool.hpp"
#include "kafka/batch_state.hpp"
#include "kafka/client.hpp"
#include "kafka/control_threads.hpp"
#include "kafka/event_pump.hpp"
#include "kafka/target_check.hpp"
#include "kafka/turns.hpp"

namespace embergate::kafka {

struct PoolContext {
  PoolContext(const ProducerPool::Options& pool_options, vault::SecretCache& secret_cache,
              const core::Clock& pool_clock, observability::Metrics& metrics);

  // A record batch that came to its end somewhere: its report leaves on the pump thread.
  void finish(const Lane::Finished& finished);
  void retire(std::shared_ptr<Client> client);
  [[nodiscard]] bool all_retired_closed();
  void leave_retired_to_the_system();
  // Whether the secrets of a connection may be shown to a broker (S-02); empty: to any.
  [[nodiscard]] BrokerObjection objection_to_brokers_of(const ConnectionSettings& settings,
                                                        JustAccepted just_accepted = nullptr) const;
  [[nodiscard]] std::string redacted(std::string text) const;

  const ProducerPool::Options options;
  vault::SecretCache& secrets;
  const core::Clock& clock;
  std::atomic<bool> stopping{false};
  Turns replacements;
  BatchRegistry batches;
  EventPump pump;
  ControlThreads control;
  std::shared_ptr<observability::Gauge> producers;
  std::shared_ptr<observability::Counter> proven;
  std::shared_ptr<observability::Counter> refused;
  std::shared_ptr<observability::Counter> rebuilt;

 private:
  void reap(std::shared_ptr<Client> client, int rounds);

  std::mutex mutex_;
  std::vector<std::shared_ptr<Client>> retired_;
};

}  // namespace embergate::kafka
