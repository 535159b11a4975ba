// SPDX-License-Identifier: Apache-2.0
#include "embergate/app/runtime.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <future>
#include <thread>

#include "app/catalog_sync.hpp"
#include "app/descriptors.hpp"
#include "app/health_checks.hpp"
#include "app/init_bundle.hpp"
#include "app/listener_files.hpp"
#include "app/stored_bindings.hpp"
#include "app/token_exchange.hpp"
#include "app/vault_setup.hpp"
#include "embergate/core/fair_pool.hpp"
#include "embergate/delivery/deliveries.hpp"
#include "embergate/delivery/target_rules.hpp"
#include "embergate/fhir/stored.hpp"
#include "embergate/interaction/interactions.hpp"
#include "embergate/kafka/producer_pool.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/health.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/rest/api.hpp"
#include "embergate/store/store.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::app {
namespace {

namespace asio = boost::asio;
namespace log = observability::log;

constexpr core::Milliseconds kExchangeLimit{5'000};
constexpr core::Milliseconds kRelayLimit{4'000};
constexpr core::Milliseconds kProducerLimit{3'000};
constexpr core::Milliseconds kReminderStep{1'000};  // of faults that last
constexpr std::size_t kPoolThreads = 4;
// A scraper needs few; they are taken out of the reserve.
constexpr std::size_t kMetricsConnections = 32;
constexpr std::size_t kMetricsConnectionsPerAddress = 8;

// One io thread serves two cores best, since the store's writer and the producer's threads want the other
// (docs/performance.md).
unsigned io_thread_count() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

std::vector<fhir::Issue> validate_system_resource(const vault::VaultConfig& config,
                                                  const vault::TargetBindings& bindings, const fhir::Resource& resource,
                                                  std::string_view id) {
  std::vector<fhir::Issue> issues = auth::validate(resource, id);
  if (resource.type() != "AidboxTopicDestination") return issues;
  std::vector<fhir::Issue> known;  // to interaction, which asks for what is wrong besides
  std::vector<std::string> unread;
  const auto destination = topic::TopicDestination::parse_with_faults(resource, id, known, unread);
  if (!destination) return issues;
  for (fhir::Issue& issue : delivery::Deliveries::validate(*destination, unread)) issues.push_back(std::move(issue));
  if (!known.empty()) return issues;  // where it points is not known
  for (fhir::Issue& issue : delivery::refused_targets(*destination, config, &bindings))
    issues.push_back(std::move(issue));
  return issues;
}

// Start errors name the setting that stands in the way; the parts that find them know no settings.
core::Error of_setting(std::string_view name, core::Error error) {
  error.diagnostics = fmt::format("{}: {}", name, error.diagnostics);
  return error;
}

void bound_connections(http::ServerOptions& web) {
  const std::size_t limit = raise_descriptor_limit();
  const std::size_t connections = connections_within(limit, web.max_connections);
  if (connections < web.max_connections) {
    log::event(log::Level::kWarn, "settings/warning",
               fmt::format("the process may open {} files, so at most {} connections are taken at once, where "
                           "BOX_WEB_LIMIT_CONNECTIONS allows {}; raise the hard limit of open files (ulimit -Hn)",
                           limit, connections, web.max_connections));
  }
  web.max_connections_per_address =
      connections_of_address(connections, web.max_connections_per_address, web.max_connections);
  web.max_connections = connections;
}

// What the one address of both ports is to blame for.
core::Error of_listener(std::string_view port_setting, core::Error error) {
  const bool is_host = error.code == core::ErrorCode::kInvalid;
  return of_setting(is_host ? "BOX_WEB_HOST" : port_setting, std::move(error));
}

}  // namespace

struct Runtime::Impl {
  Impl(Settings given, vault::VaultConfig config)
      : settings(std::move(given)),
        secrets(std::move(config), vault_options(settings, &faults), core::system_clock(), metrics) {}

  // Also the end of a start that failed: no one may log through parts that are gone.
  ~Impl() {
    health_monitor.stop();
    stop_threads();
    log::set_redactor(nullptr);
  }

  core::Result<void> open_store() {
    EG_TRY(store, store::open_sqlite_store(settings.database, core::system_clock(), metrics));
    bindings = std::make_unique<vault::TargetBindings>(secrets.config_in_force(), make_stored_bindings(*store));
    return bindings->load();
  }

  core::Result<void> open_certificate() {
    if (settings.tls_certificate.empty()) return {};
    EG_TRY(const http::ListenerFiles files, listener_files(listener_settings(settings)));
    certificate = std::make_unique<http::ListenerCertificate>(secrets, pool, files, &faults);
    settings.web.tls = certificate->tls();
    auto loaded = certificate->start();
    if (!loaded) return of_setting("BOX_WEB_TLS_CERT", std::move(loaded).error());
    return {};
  }

  core::Result<void> open_outbound() {
    auto made = http::Client::make(settings.egress);
    if (!made) return of_setting("BOX_EGRESS_DENY", std::move(made).error());
    outbound = *std::move(made);
    return {};
  }

  void make_parts() {
    if (settings.base_url.empty())
      settings.base_url = fmt::format("{}://localhost:{}", settings.web.tls ? "https" : "http", settings.web.port);
    kafka::ProducerPool::Options producer_options;
    producer_options.token_sources =
        kafka::make_token_sources(make_token_exchange(*outbound), std::move(settings.aws), core::system_clock());
    producer_options.bindings = bindings.get();
    producer_options.faults = &faults;
    producers = std::make_unique<kafka::ProducerPool>(producer_options, secrets, core::system_clock(), metrics);

    delivery::DeliveryOptions delivery_options;
    delivery_options.box_id = settings.box_id;
    delivery_options.base_url = settings.base_url;
    delivery_options.aidbox_request_style = settings.aidbox_request_style;
    delivery_options.bindings = bindings.get();
    delivery_options.faults = &faults;
    deliveries = std::make_unique<delivery::Deliveries>(delivery_options, io.get_executor(), *store, *producers,
                                                        secrets, core::system_clock(), metrics, health);

    interaction::Options options;
    options.base_url = settings.base_url;
    options.created_at_url = settings.created_at_url;
    options.return_404_on_empty_delete = settings.return_404_on_empty_delete;
    options.parse_limits.max_bytes = settings.max_body;
    options.max_answer_bytes = settings.max_answer;
    options.max_answers_bytes = settings.max_answers_total;
    options.secret_rules.strict_references = settings.strict_references;
    options.secret_rules.allow_inline = settings.allow_inline;
    options.validate_system_resource = [this](const fhir::Resource& resource, std::string_view id) {
      return validate_system_resource(*secrets.config(), *bindings, resource, id);
    };
    options.on_committed = [this](const store::CommitReceipt& receipt) { committed(receipt); };
    options.on_decided = [this](store::DestinationSlot slot, std::vector<store::HeldRow> wanted,
                                std::vector<store::HeldRow> unwanted) {
      deliveries->decided(slot, std::move(wanted), std::move(unwanted));
    };
    options.on_catalog_changed = [this] { catalog_sync->run(); };
    options.faults = &faults;
    interactions = std::make_unique<interaction::Interactions>(std::move(options), *store, secrets.config_in_force(),
                                                               pool, dry_runs, metrics);

    authenticator = std::make_unique<auth::Authenticator>(auth::AuthOptions(), std::move(settings.root), *store,
                                                          secrets, pool, core::system_clock(), metrics);

    rest::ApiOptions api_options;
    api_options.base_url = settings.base_url;
    api_options.max_body =
        fhir::input_limits({.max_bytes = settings.max_body}, settings.created_at_url).returned.max_bytes;
    api_options.correlation_id_header = settings.correlation_id_header;
    api_options.skip_reference_allowed = settings.skip_reference_allowed;
    api_options.version = EMBERGATE_VERSION;
    api_options.commit = EMBERGATE_COMMIT;
    api_options.build_time = EMBERGATE_BUILD_TIME;
    api = std::make_unique<rest::Api>(std::move(api_options),
                                      rest::ApiParts{*interactions, *deliveries, *authenticator, secrets, *bindings,
                                                     *producers, pool, health_monitor, metrics, core::system_clock()});
    add_health_checks(health, *store, secrets, faults, core::system_clock());
    health.add("topics:sync", [this] { return catalog_sync->health(); });
  }

  // On the store's writer thread: only posts.
  void committed(const store::CommitReceipt& receipt) {
    if (!receipt.slots.empty()) deliveries->wake(receipt.slots);
  }

  core::Result<void> sync_deliveries() {
    EG_TRY(auto catalog, interactions->catalog());
    deliveries->sync(catalog);
    return {};
  }

  void sync_later(core::Milliseconds pause, std::function<void()> again) {
    sync_timer.expires_after(pause);
    sync_timer.async_wait([this, moved = std::move(again)](const boost::system::error_code& ended) {
      if (!ended) pool.post({}, moved);
    });
  }

  void remind_of_faults() {
    reminder.expires_after(kReminderStep);
    reminder.async_wait([this](const boost::system::error_code& ended) {
      if (ended) return;
      faults.remind();
      remind_of_faults();
    });
  }

  void start_threads() {
    remind_of_faults();
    for (unsigned i = 0; i < io_thread_count(); ++i) threads.emplace_back([this] { io.run(); });
  }

  void stop_threads() {
    work.reset();
    io.stop();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    pool.join();
    dry_runs.stop();  // with no one left to answer, those that wait would only keep the end waiting
  }

  core::Result<void> execute_init_bundle() {
    if (settings.init_bundle.empty()) return {};
    return asio::co_spawn(io, run_init_bundle(settings.init_bundle, *interactions), asio::use_future).get();
  }

  core::Result<void> listen() {
    health_monitor.start();
    server = std::make_unique<http::Server>(io.get_executor(), settings.web,
                                            [this](http::Exchange& exchange) { return api->handle(exchange); });
    auto listening = server->listen();
    if (!listening) return of_listener("BOX_WEB_PORT", std::move(listening).error());
    port = *listening;
    log::event(log::Level::kInfo, "http/listening", "",
               {{"host", std::string_view(settings.web.host)}, {"port", std::int64_t{port}}});
    if (!settings.metrics_port) return {};
    http::ServerOptions options;
    options.host = settings.web.host;
    options.port = *settings.metrics_port;
    options.max_connections = kMetricsConnections;
    options.max_connections_per_address = kMetricsConnectionsPerAddress;
    metrics_server = std::make_unique<http::Server>(io.get_executor(), options, rest::metrics_handler(metrics));
    auto bound = metrics_server->listen();
    if (!bound) return of_listener("BOX_METRICS_PORT", std::move(bound).error());
    log::event(log::Level::kInfo, "metrics/listening", "", {{"port", std::int64_t{*bound}}});
    return {};
  }

  asio::awaitable<void> wait_for_signal() {
    asio::signal_set signals(io, SIGTERM, SIGINT);
    const int number = co_await signals.async_wait(asio::use_awaitable);
    faults.close();
    log::event(log::Level::kInfo, "process/stopping", "", {{"signal", std::int64_t{number}}});
    co_await server->shutdown(kExchangeLimit);
    if (metrics_server) co_await metrics_server->shutdown(core::Milliseconds(500));
    co_await deliveries->shutdown(kRelayLimit);
  }

  void close_parts() {
    // Notices of committed writes may still be on the pool; they use the parts that end next.
    if (certificate) certificate->stop();
    health_monitor.stop();
    stop_threads();
    outbound->stop();
    producers->shutdown(kProducerLimit);
    secrets.stop();
    store->stop();
    log::event(log::Level::kInfo, "process/stopped", "");
  }

  Settings settings;
  observability::Metrics metrics;
  observability::Faults faults{core::system_clock(), metrics};
  observability::HealthRegistry health;
  observability::HealthMonitor health_monitor{health, core::system_clock(), observability::HealthMonitor::Options()};
  vault::SecretCache secrets;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  core::FairPool pool{kPoolThreads};
  core::FairPool dry_runs{1};  // they take long, and nothing waits for them but their callers
  std::unique_ptr<store::Store> store;
  std::unique_ptr<vault::TargetBindings> bindings;
  std::unique_ptr<http::ListenerCertificate> certificate;
  std::unique_ptr<http::Client> outbound;
  std::unique_ptr<kafka::ProducerPool> producers;
  std::unique_ptr<delivery::Deliveries> deliveries;
  std::unique_ptr<interaction::Interactions> interactions;
  std::unique_ptr<auth::Authenticator> authenticator;
  std::unique_ptr<rest::Api> api;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> metrics_server;
  asio::steady_timer sync_timer{io};
  asio::steady_timer reminder{io};
  std::shared_ptr<CatalogSync> catalog_sync = std::make_shared<CatalogSync>(
      [this] { return sync_deliveries(); },
      [this](core::Milliseconds pause, std::function<void()> again) { sync_later(pause, std::move(again)); });
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
};

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

core::Result<std::unique_ptr<Runtime>> Runtime::start(Settings settings) {
  for (const std::string& warning : settings.warnings) log::event(log::Level::kWarn, "settings/warning", warning);
  bound_connections(settings.web);
  EG_TRY(auto config, load_vault_config(settings));
  for (const std::string& warning : config.warnings()) log::event(log::Level::kWarn, "vault/warning", warning);
  auto impl = std::make_unique<Impl>(std::move(settings), std::move(config));
  log::set_redactor([secrets = &impl->secrets](std::string& line) { secrets->redact(line); });
  EG_CHECK(impl->open_store());
  EG_CHECK(impl->open_outbound());
  EG_CHECK(impl->open_certificate());
  impl->make_parts();
  impl->start_threads();
  EG_CHECK(impl->execute_init_bundle());
  impl->catalog_sync->run();
  EG_CHECK(impl->listen());
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

std::uint16_t Runtime::port() const { return impl_->port; }

void Runtime::run_until_signal() {
  asio::co_spawn(impl_->io, impl_->wait_for_signal(), asio::use_future).get();
  impl_->close_parts();
}

}  // namespace embergate::app
