// SPDX-License-Identifier: Apache-2.0
// The delivery side as a whole: one Relay for each destination of the catalog, started, woken, asked and stopped from
// here. Thread: all functions from any thread but where said; relays are coroutines, each on its own strand of the io
// executor, and do their blocking work (reading the outbox, building records, handing them to the producer) on the
// relays' pool. Ownership: Deliveries owns its relays; Store, pool and cache outlive it. Failure: a relay never ends
// because of a fault outside; what is wrong shows in status().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/kafka/producer_pool.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/health.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/store/store.hpp"
#include "embergate/topic/catalog.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::delivery {

struct DeliveryOptions {
  std::string box_id = "devbox";
  std::string base_url = "http://localhost:8080";  // <base>, without /fhir
  bool aidbox_request_style = false;               // BOX_MODULE_TOPICS_REQUEST_STYLE=aidbox (contract 2.9.3)
  std::size_t max_window_rows = 10'000;            // decision 19
  std::size_t max_window_bytes = std::size_t{16} * 1024 * 1024;
  std::size_t windows_in_flight = 4;
  core::Milliseconds idle_poll{2'000};  // safety net beside the wake after each commit
  core::Milliseconds retry_min{1'000};  // contract 2.6 Retry
  core::Milliseconds retry_max{60'000};
  std::size_t pool_threads = 2;
  observability::Faults* faults = nullptr;  // outlives the deliveries; null: nothing is reported as lasting
  const vault::TargetBindings* bindings =
      nullptr;  // outlives the deliveries; null: no secret is bound to its first target
};

class Deliveries {
 public:
  Deliveries(DeliveryOptions options, boost::asio::any_io_executor executor, store::Store& store,
             kafka::ProducerPool& producers, vault::SecretCache& secrets, const core::Clock& clock,
             observability::Metrics& metrics, observability::HealthRegistry& health);
  ~Deliveries();
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  // Starts relays for slots that are new and stops those that are gone. Cheap when nothing changed.
  void sync(const std::shared_ptr<const topic::Catalog>& catalog);
  void wake(std::span<const store::DestinationSlot> slots);
  // Undecided rows of a destination are decided: `wanted` wait for their turn, `unwanted` are dropped by their
  // relay in their place. Only posts.
  void decided(store::DestinationSlot slot, std::vector<store::HeldRow> wanted, std::vector<store::HeldRow> unwanted);
  // The Parameters of `$status` (contract 2.14, decision 23); kNotFound when no relay has this destination.
  boost::asio::awaitable<core::Result<std::string>> status(std::string destination_id);
  // The Parameters of `$waiting` (contract 2.14): a page of held rows; kNotFound as above.
  boost::asio::awaitable<core::Result<std::string>> waiting(std::string destination_id, store::HeldQuery query);
  // `$release` and `$discard`: what an operator decides about held rows, in one transaction. Answers with the
  // Parameters of the operation. Each row that is discarded is logged with `decided_by`.
  enum class Decision { kRelease, kDiscard };
  boost::asio::awaitable<core::Result<std::string>> decide(std::string destination_id, Decision decision,
                                                           store::HeldSelection selection, std::string decided_by);
  // The generation of each secret's file that is at work with the brokers, by the secret's name: of several
  // destinations the lowest, 0 when one has none yet. Names that no destination refers to are not there.
  [[nodiscard]] std::map<std::string, std::uint64_t> generations_in_use() const;
  // Stops relays (rows are settled or left), at most `limit`; afterwards nothing touches the store any more.
  boost::asio::awaitable<void> shutdown(core::Milliseconds limit);

  // The 422 rules on parameter values (contract 2.5): what parse() of topic does not know. `interaction` gets it as a
  // callback from `app`. `unread`: parameters that are there with values of no use; rules that look at one of them say
  // nothing.
  static std::vector<fhir::Issue> validate(const topic::TopicDestination& destination,
                                           std::span<const std::string> unread = {});

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace embergate::delivery
