// SPDX-License-Identifier: Apache-2.0
#include "kafka/pool_context.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "embergate/core/text.hpp"
#include "kafka/broker_words.hpp"
#include "kafka/target_check.hpp"

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kReapStep{20};
constexpr int kRoundsBetweenPurges = 50;
constexpr unsigned kMostReplacements = 4;  // R-43, and no more than there are processors

}  // namespace

PoolContext::PoolContext(const ProducerPool::Options& pool_options, vault::SecretCache& secret_cache,
                         const core::Clock& pool_clock, observability::Metrics& metrics)
    : options(pool_options),
      secrets(secret_cache),
      clock(pool_clock),
      replacements(std::clamp(std::thread::hardware_concurrency(), 1U, kMostReplacements)),
      control(pool_options.control_threads),
      producers(metrics.gauge("kafka_producers", "Kafka connection identities that have a producer")),
      proven(metrics.counter("kafka_credentials_total", "Kafka logins tried with a new credential",
                             {{"outcome", "proven"}})),
      refused(metrics.counter("kafka_credentials_total", "Kafka logins tried with a new credential",
                              {{"outcome", "refused"}})),
      rebuilt(metrics.counter("kafka_producer_rebuilds_total", "Kafka clients that failed and were made again")) {}

void PoolContext::finish(const Lane::Finished& finished) {
  for (BatchState* batch : finished) {
    if (pump.on_pump_thread()) {
      batch->finish();
    } else {
      pump.post([batch] { batch->finish(); });
    }
  }
}

void PoolContext::retire(std::shared_ptr<Client> client) {
  client->silence();
  {
    std::lock_guard lock(mutex_);
    retired_.push_back(client);
  }
  reap(std::move(client), 0);
}

// A purge can miss a record that is just moving from one of the library's queues to another, so it is repeated.
void PoolContext::reap(std::shared_ptr<Client> client, int rounds) {
  if (client->outstanding() > 0) {
    if (rounds % kRoundsBetweenPurges == 0) client->purge();
    control.post_after(kReapStep,
                       [this, client = std::move(client), rounds]() mutable { reap(std::move(client), rounds + 1); });
    return;
  }
  control.post([this, client = std::move(client)] {
    pump.remove(*client);
    client->close();
    std::lock_guard lock(mutex_);
    retired_.erase(std::find(retired_.begin(), retired_.end(), client));
  });
}

bool PoolContext::all_retired_closed() {
  std::lock_guard lock(mutex_);
  return retired_.empty();
}

void PoolContext::leave_retired_to_the_system() {
  std::vector<std::shared_ptr<Client>> left;
  {
    std::lock_guard lock(mutex_);
    left.swap(retired_);
  }
  for (const auto& client : left) {
    pump.remove(*client);
    client->leave_to_the_system();
  }
}

BrokerObjection PoolContext::objection_to_brokers_of(const ConnectionSettings& settings,
                                                     JustAccepted just_accepted) const {
  return objection_to_brokers(secrets.config_in_force(), options.bindings, settings, std::move(just_accepted));
}

std::string PoolContext::redacted(std::string text) const {
  text = without_broker_words(text);
  secrets.redact(text);
  return core::as_utf8(std::move(text));  // a broker sends any bytes, and the library cuts them anywhere
}

}  // namespace embergate::kafka
