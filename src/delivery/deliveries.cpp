// SPDX-License-Identifier: Apache-2.0
#include "embergate/delivery/deliveries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <mutex>
#include <set>

#include "delivery/connection_notices.hpp"
#include "delivery/destination_health.hpp"
#include "delivery/destination_report.hpp"
#include "delivery/kafka_destination.hpp"
#include "delivery/relay.hpp"
#include "delivery/status_json.hpp"
#include "delivery/waiting_rows.hpp"
#include "embergate/core/blocking.hpp"
#include "embergate/kafka/target.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/topic/fault_key.hpp"
#include "embergate/topic/idle.hpp"

namespace embergate::delivery {
namespace {

namespace asio = boost::asio;
namespace log = observability::log;

constexpr core::Milliseconds kDropLimit{2'000};  // for the relay of a deleted destination
constexpr std::size_t kKeptChunks = 64;  // MiB of window memory that all relays together keep for the next windows

struct Entry {
  std::shared_ptr<const topic::TopicDestination> destination;
  std::shared_ptr<ErrorLog> errors = std::make_shared<ErrorLog>();
  std::shared_ptr<Relay> relay;  // null: its settings cannot be used
  std::shared_ptr<DestinationHealth> health;
  std::shared_ptr<DestinationReport> report;
  vault::NamedTarget target;
  std::vector<vault::SecretName> private_secrets;
  bool ordered_by_resource = false;
  bool is_started = false;
  core::SystemTime started{};
};

}  // namespace

struct Deliveries::Impl : std::enable_shared_from_this<Deliveries::Impl> {
  Impl(DeliveryOptions given, asio::any_io_executor io, store::Store& the_store, kafka::ProducerPool& producer_pool,
       vault::SecretCache& cache, const core::Clock& the_clock, observability::Metrics& the_metrics,
       observability::HealthRegistry& registry)
      : options(std::move(given)),
        executor(std::move(io)),
        store(the_store),
        producers(producer_pool),
        secrets(cache),
        clock(the_clock),
        metrics(the_metrics),
        health(registry),
        pool(options.pool_threads) {}

  // Lines of the log are written without `mutex`: those who commit wait for it, and a log may stand still.
  void sync(const topic::Catalog& catalog) {
    const std::lock_guard turn(syncing);
    for (const Entry& entry : take_gone(catalog)) drop(entry);
    for (const auto& destination : catalog.destinations()) {
      std::optional<Start> start;
      {
        const std::lock_guard lock(mutex);
        if (closed) return;
        start = start_new(entries[destination->slot], destination, catalog);
      }
      if (start) say(*start, destination->id);
    }
  }

  std::vector<Entry> take_gone(const topic::Catalog& catalog) {
    std::set<std::int64_t> wanted;
    for (const auto& destination : catalog.destinations()) wanted.insert(destination->slot);
    std::vector<Entry> gone;
    const std::lock_guard lock(mutex);
    if (closed) return gone;
    std::erase_if(dropped, [](const std::weak_ptr<Relay>& relay) { return relay.expired(); });
    for (auto at = entries.begin(); at != entries.end();) {
      if (wanted.contains(at->first)) {
        ++at;
        continue;
      }
      if (at->second.relay != nullptr) dropped.push_back(at->second.relay);
      gone.push_back(std::move(at->second));
      at = entries.erase(at);
    }
    return gone;
  }

  struct Start {
    std::string problem;  // empty: it has begun
  };
  // Nothing: it had been started. That is not the moment it was entered: a start that an exception ended is made up
  // for by the next sync.
  std::optional<Start> start_new(Entry& entry, const std::shared_ptr<const topic::TopicDestination>& destination,
                                 const topic::Catalog& catalog) {
    std::optional<Start> begun;
    if (!entry.is_started) begun = start(entry, destination);
    say_when_idle(entry, catalog);
    return begun;
  }

  static void say(const Start& start, std::string_view destination_id) {
    if (start.problem.empty())
      return log::event(log::Level::kInfo, "topic-destination/started", "", {{"destination", destination_id}});
    log::event(log::Level::kError, "topic-destination/init-failed", start.problem,
               {{"destination", destination_id}, {"code", core::code_of(core::Fault::kDestinationUnusable)}});
  }

  Start start(Entry& entry, const std::shared_ptr<const topic::TopicDestination>& destination) {
    entry.destination = destination;
    entry.started = clock.system_now();
    entry.health = std::make_shared<DestinationHealth>(entry.errors, clock);
    entry.report = std::make_shared<DestinationReport>(destination->id, metrics, options.faults);
    entry.errors->on_counted([report = entry.report](const Trouble& trouble) { report->counted(trouble); });
    health.add(check_name(*destination),
               [&now = clock, state = entry.health, report = entry.report, errors = entry.errors] {
                 const DestinationHealth::Condition condition = state->condition();
                 note_begun(report->is_in(condition), *errors, now.system_now());
                 return DestinationHealth::result_of(condition);
               });
    std::vector<fhir::Issue> issues;
    const KafkaDestination kafka = read_kafka_destination(*destination, issues);
    if (destination->kind != topic::DestinationKind::kKafkaAtLeastOnce || !issues.empty()) {
      const std::string problem = issues.empty() ? "its kind is not supported" : issues.front().diagnostics;
      entry.errors->add({core::Fault::kDestinationUnusable, "the destination cannot be started: " + problem},
                        clock.system_now());
      entry.health->unusable("the destination cannot be started: " + problem);
      entry.is_started = true;
      return {problem};
    }
    entry.ordered_by_resource = kafka.key_by_resource_id;
    entry.target = kafka::named_target(kafka.connection);
    entry.private_secrets = kafka::private_secrets(kafka.connection);
    entry.relay = make_relay(entry, kafka);
    entry.relay->start();
    entry.is_started = true;
    entry.health->attach(entry.relay);
    return {};
  }

  // That nothing has come of a new value has no moment at which it fails: it is an error when it has lasted.
  static void note_begun(const DestinationReport::Lasting& begun, ErrorLog& errors, core::SystemTime now) {
    for (const auto& [fault, text] : begun) {
      if (fault == core::Fault::kSecretUnproven) errors.add({fault, text}, now);
    }
  }

  std::shared_ptr<Relay> make_relay(const Entry& entry, const KafkaDestination& kafka) {
    const topic::TopicDestination& destination = *entry.destination;
    auto notices = std::make_shared<ConnectionNotices>(entry.errors, clock);
    const vault::Requester requester{"AidboxTopicDestination", destination.id, "parameter"};
    auto producer = producers.acquire(kafka.connection, kafka.topic, requester,
                                      [notices](const kafka::ProducerPool::Event& event) { notices->notice(event); });
    const WindowBuilder::Limits limits{options.max_window_rows, options.max_window_bytes, producer->max_record_bytes(),
                                       kafka.connection.max_request_size};
    const store::DestinationSlot slot(destination.slot);
    const NotificationWriter writer(destination, {options.box_id, options.base_url, options.aidbox_request_style},
                                    store.outbox().epochs(slot));
    WindowSource source(store.outbox(), slot, chunks, writer, limits, kafka.key_by_resource_id);
    RelayOptions relay_options;
    relay_options.slot = slot;
    relay_options.destination_id = destination.id;
    relay_options.windows_in_flight = options.windows_in_flight;
    relay_options.idle_poll = options.idle_poll;
    relay_options.retry = {options.retry_min, options.retry_max};
    relay_options.delivery_timeout = kafka.delivery_timeout;
    relay_options.ordered = kafka.key_by_resource_id;
    relay_options.log_attempts = destination.enable_logging;
    relay_options.log_level = log::level_from(destination.log_level, log::Level::kInfo);
    auto relay = std::make_shared<Relay>(
        std::move(relay_options), executor, pool, store.outbox(), std::move(producer), std::move(source), entry.errors,
        clock, RelayMetrics(metrics, destination.id, std::string(topic::to_string(destination.kind))));
    notices->attach(relay);
    return relay;
  }

  static std::string check_name(const topic::TopicDestination& destination) { return "kafka:" + destination.id; }

  // The destination is deleted: its queue is gone, and what is in flight is no one's any more.
  void drop(const Entry& entry) {
    health.remove(check_name(*entry.destination));
    entry.report->gone();
    if (entry.relay == nullptr) return;
    asio::co_spawn(executor, stop_relay(entry.relay, kDropLimit, false), asio::detached);
  }

  static asio::awaitable<void> stop_relay(std::shared_ptr<Relay> relay, core::Milliseconds limit, bool settle) {
    co_await relay->stop(limit, settle);
    log::event(log::Level::kInfo, "topic-destination/stopped", "",
               {{"destination", std::string_view(relay->options().destination_id)}});
  }

  void say_when_idle(const Entry& entry, const topic::Catalog& catalog) const {
    std::string why = topic::why_idle(catalog, entry.destination->topic_url);
    if (!why.empty()) why.insert(0, "idle: ");
    if (!why.empty()) entry.errors->lasts({core::Fault::kTopicIdle, why}, clock.system_now());
    entry.health->idle(std::move(why));
  }

  void wake(std::span<const store::DestinationSlot> slots) {
    std::lock_guard lock(mutex);
    for (const store::DestinationSlot slot : slots) {
      const auto found = entries.find(slot.value());
      if (found != entries.end() && found->second.relay != nullptr) found->second.relay->wake();
    }
  }

  void decided(store::DestinationSlot slot, std::vector<store::HeldRow> wanted, std::vector<store::HeldRow> unwanted) {
    std::lock_guard lock(mutex);
    const auto found = entries.find(slot.value());
    if (found == entries.end() || found->second.relay == nullptr) return;
    if (!wanted.empty()) found->second.relay->released(std::move(wanted));
    if (!unwanted.empty()) found->second.relay->discarded(std::move(unwanted));
  }

  std::optional<Entry> find(std::string_view destination_id) {
    std::lock_guard lock(mutex);
    for (const auto& [slot, entry] : entries) {
      if (entry.destination->id == destination_id) return entry;
    }
    return std::nullopt;
  }

  static core::Error not_known(std::string_view destination_id) {
    return core::make_error(core::ErrorCode::kNotFound,
                            fmt::format("AidboxTopicDestination/{} is not known", destination_id));
  }

  asio::awaitable<core::Result<std::string>> waiting(std::string destination_id, store::HeldQuery query) {
    const auto self = shared_from_this();
    const std::optional<Entry> entry = find(destination_id);
    if (!entry) co_return not_known(destination_id);
    auto read = [self, query, slot = store::DestinationSlot(entry->destination->slot)]() -> core::Result<std::string> {
      return read_waiting_json(self->store.outbox(), slot, query);
    };
    co_return co_await core::run_blocking(pool, std::move(read));
  }

  asio::awaitable<core::Result<std::string>> decide(std::string destination_id, Decision decision,
                                                    store::HeldSelection selection, std::string decided_by) {
    const auto self = shared_from_this();
    const std::optional<Entry> entry = find(destination_id);
    if (!entry) co_return not_known(destination_id);
    const store::DestinationSlot slot(entry->destination->slot);
    auto rows = std::make_shared<std::vector<store::HeldRow>>();
    auto change = [self, slot, decision, selection, rows](const auto& done) {
      self->store.transact(
          [slot, decision, selection, rows](store::Transaction& tx) -> core::Result<void> {
            EG_TRY(*rows, decision == Decision::kRelease ? tx.release_held(slot, selection)
                                                         : tx.discard_held(slot, selection));
            return {};
          },
          [done](core::Result<store::CommitReceipt> committed) { done(std::move(committed)); });
    };
    auto committed = co_await core::await_callback<core::Result<store::CommitReceipt>>(std::move(change));
    if (!committed) co_return std::move(committed).error();
    log_decision(destination_id, decision, *rows, decided_by);
    auto answer = decision_json(selection, *rows);
    if (entry->relay == nullptr || rows->empty()) co_return answer;
    if (decision == Decision::kRelease) {
      entry->relay->released(std::move(*rows));
    } else {
      entry->relay->discarded(std::move(*rows));
    }
    co_return answer;
  }

  asio::awaitable<core::Result<std::string>> status(std::string destination_id) {
    const auto self = shared_from_this();
    const std::optional<Entry> entry = find(destination_id);
    if (!entry) co_return not_known(destination_id);
    StatusParts parts;
    auto read = [self, slot = store::DestinationSlot(entry->destination->slot)] {
      return self->store.outbox().counters(slot);
    };
    auto counters = co_await core::run_blocking(pool, std::move(read));
    if (!counters) co_return std::move(counters).error();
    parts.counters = *counters;
    parts.event_epoch = self->store.outbox().epochs(store::DestinationSlot(entry->destination->slot)).back().epoch;
    if (entry->relay != nullptr) {
      parts.relay = co_await entry->relay->view();
      parts.connection = entry->relay->connection();
      parts.unanswered = entry->relay->unanswered();
    }
    parts.ordered_by_resource = entry->ordered_by_resource;
    parts.started = entry->started;
    parts.now = clock.system_now();
    parts.errors = entry->errors->entries();
    parts.condition = condition_of(*entry, parts);
    parts.secrets = secret_reports(*entry);
    parts.topic_faults = faults_of_topic(entry->destination->topic_url);
    co_return status_json(parts);
  }

  [[nodiscard]] std::vector<observability::Faults::Active> faults_of_topic(const std::string& topic_url) const {
    constexpr std::size_t kMostShown = 5;
    std::vector<observability::Faults::Active> shown;
    if (options.faults == nullptr) return shown;
    for (auto& fault : options.faults->active()) {
      if (shown.size() < kMostShown && fault.key.starts_with(topic::fault_key_prefix(topic_url)))
        shown.push_back(std::move(fault));
    }
    return shown;
  }

  // The relay looks at the counters now and then; these are of now.
  static DestinationHealth::Condition condition_of(const Entry& entry, const StatusParts& parts) {
    DestinationHealth::Condition condition = entry.health->condition();
    const bool at_rest = condition.state == DeliveryState::kIdle || condition.state == DeliveryState::kDelivering;
    if (at_rest && condition.fault != core::Fault::kTopicIdle)
      condition.state = parts.counters.queued > 0 ? DeliveryState::kDelivering : DeliveryState::kIdle;
    return condition;
  }

  std::map<std::string, std::uint64_t> generations_in_use() {
    std::vector<Entry> all;
    {
      std::lock_guard lock(mutex);
      for (const auto& [slot, entry] : entries) all.push_back(entry);
    }
    std::map<std::string, std::uint64_t> lowest;
    for (const Entry& entry : all) {
      const auto used =
          entry.relay != nullptr ? entry.relay->connection().file_generations : std::map<std::string, std::uint64_t>();
      for (const topic::DestinationParameter& parameter : entry.destination->parameters) {
        if (!parameter.secret_reference) continue;
        const auto found = used.find(*parameter.secret_reference);
        const std::uint64_t here = found == used.end() ? 0 : found->second;
        const auto [known, is_new] = lowest.emplace(*parameter.secret_reference, here);
        if (!is_new) known->second = std::min(known->second, here);
      }
    }
    return lowest;
  }

  std::vector<vault::Report> secret_reports(const Entry& entry) const {
    const topic::TopicDestination& destination = *entry.destination;
    std::vector<vault::Report> reports;
    const vault::Requester requester{"AidboxTopicDestination", destination.id, "parameter"};
    for (const topic::DestinationParameter& parameter : destination.parameters) {
      if (!parameter.secret_reference) continue;
      const auto name = vault::make_secret_name(*parameter.secret_reference);
      if (!name) continue;
      reports.push_back(secrets.report(*name, requester));
      if (!is_kept_from(entry, *name)) continue;
      reports.back().state = vault::State::kTargetChanged;
      reports.back().fault = core::Fault::kSecretTargetChanged;
    }
    return reports;
  }

  [[nodiscard]] bool is_kept_from(const Entry& entry, const vault::SecretName& name) const {
    const auto& own = entry.private_secrets;
    return options.bindings != nullptr && std::find(own.begin(), own.end(), name) != own.end() &&
           options.bindings->objection(name, entry.target);
  }

  // Every relay that may still be at work, those of deleted destinations too.
  std::vector<std::shared_ptr<Relay>> close() {
    std::lock_guard lock(mutex);
    closed = true;
    std::vector<std::shared_ptr<Relay>> relays;
    for (const auto& [slot, entry] : entries) {
      health.remove(check_name(*entry.destination));
      if (entry.relay != nullptr) relays.push_back(entry.relay);
    }
    for (const auto& relay : dropped) {
      if (auto alive = relay.lock()) relays.push_back(std::move(alive));
    }
    entries.clear();
    dropped.clear();
    return relays;
  }

  asio::awaitable<void> shutdown(core::Milliseconds limit) {
    const auto self = shared_from_this();
    const std::vector<std::shared_ptr<Relay>> stopping = close();
    for (const auto& relay : stopping) asio::co_spawn(executor, stop_relay(relay, limit, true), asio::detached);
    for (const auto& relay : stopping) co_await relay->stop(limit, true);
  }

  DeliveryOptions options;
  asio::any_io_executor executor;
  store::Store& store;
  kafka::ProducerPool& producers;
  vault::SecretCache& secrets;
  const core::Clock& clock;
  observability::Metrics& metrics;
  observability::HealthRegistry& health;
  std::shared_ptr<ChunkPool> chunks = std::make_shared<ChunkPool>(kKeptChunks);
  std::mutex syncing;  // one at a time; taken before the next
  std::mutex mutex;
  std::map<std::int64_t, Entry> entries;      // by slot
  std::vector<std::weak_ptr<Relay>> dropped;  // of deleted destinations, while they end
  bool closed = false;
  asio::thread_pool pool;  // last: its threads use what is above
};

Deliveries::Deliveries(DeliveryOptions options, asio::any_io_executor executor, store::Store& store,
                       kafka::ProducerPool& producers, vault::SecretCache& secrets, const core::Clock& clock,
                       observability::Metrics& metrics, observability::HealthRegistry& health)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(executor), store, producers, secrets, clock, metrics,
                                   health)) {}

Deliveries::~Deliveries() { impl_->pool.join(); }

void Deliveries::sync(const std::shared_ptr<const topic::Catalog>& catalog) { impl_->sync(*catalog); }
void Deliveries::wake(std::span<const store::DestinationSlot> slots) { impl_->wake(slots); }
void Deliveries::decided(store::DestinationSlot slot, std::vector<store::HeldRow> wanted,
                         std::vector<store::HeldRow> unwanted) {
  impl_->decided(slot, std::move(wanted), std::move(unwanted));
}
asio::awaitable<core::Result<std::string>> Deliveries::status(std::string destination_id) {
  return impl_->status(std::move(destination_id));
}
asio::awaitable<core::Result<std::string>> Deliveries::waiting(std::string destination_id, store::HeldQuery query) {
  return impl_->waiting(std::move(destination_id), query);
}
asio::awaitable<core::Result<std::string>> Deliveries::decide(std::string destination_id, Decision decision,
                                                              store::HeldSelection selection, std::string decided_by) {
  return impl_->decide(std::move(destination_id), decision, std::move(selection), std::move(decided_by));
}
std::map<std::string, std::uint64_t> Deliveries::generations_in_use() const { return impl_->generations_in_use(); }
asio::awaitable<void> Deliveries::shutdown(core::Milliseconds limit) { return impl_->shutdown(limit); }

std::vector<fhir::Issue> Deliveries::validate(const topic::TopicDestination& destination,
                                              std::span<const std::string> unread) {
  return kafka_destination_faults(destination, unread);
}

}  // namespace embergate::delivery
