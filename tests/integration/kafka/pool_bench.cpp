// SPDX-License-Identifier: Apache-2.0
#include "integration/kafka/pool_bench.hpp"

#include <algorithm>
#include <filesystem>

#include "support/eventually.hpp"

namespace embergate::test {

using namespace std::chrono_literals;

kafka::ProducerPool::Listener EventRecorder::listener() {
  return [state = state_](const kafka::ProducerPool::Event& event) {
    std::lock_guard lock(state->mutex);
    state->events.push_back(event);
  };
}

int EventRecorder::count(Kind kind) const {
  std::lock_guard lock(state_->mutex);
  return static_cast<int>(std::count_if(state_->events.begin(), state_->events.end(),
                                        [kind](const auto& event) { return event.kind == kind; }));
}

std::string EventRecorder::last(Kind kind) const {
  std::lock_guard lock(state_->mutex);
  for (auto event = state_->events.rbegin(); event != state_->events.rend(); ++event) {
    if (event->kind == kind) return event->message;
  }
  return {};
}

std::string PoolBench::pinned_server() {
  const std::string& address = KafkaEnvironment::get().sasl_plaintext;
  return "localhost" + address.substr(address.rfind(':'));
}

std::string PoolBench::config_entries() const {
  std::string config;
  for (const char* name : {kSecret, "key", "chain", "ca", "key-password", "token"}) {
    config += (config.empty() ? "" : ",") + ("\"" + std::string(name)) + R"(":{"path":")" + directory_.file(name) +
              R"(","scope":{"resource_type":"AidboxTopicDestination"}})";
  }
  // May be shown to brokers of this name only; the cluster gives them another.
  config += R"(,"pinned-jaas":{"path":")" + directory_.file("pinned-jaas") +
            R"(","scope":{"resource_type":"AidboxTopicDestination"},"allow":{"bootstrapServers":[")" + pinned_server() +
            R"("]}})";
  return config;
}

PoolBench::PoolBench(vault::SecretCache::Options secrets) {
  write_config(config_entries());
  secrets.config_path = file(kConfig);
  secrets.config_reader = [](const std::string& text) { return vault::VaultConfig::parse(text); };
  auto loaded = vault::VaultConfig::load(file(kConfig));
  EXPECT_TRUE(loaded.has_value());
  secrets_ = std::make_unique<vault::SecretCache>(*std::move(loaded), secrets, core::system_clock(), metrics_);
  make_pool(quick_options());
}

void PoolBench::write_config(const std::string& entries) const {
  write_file(kConfig, R"({"secret":{)" + entries + "}}");
}

std::string PoolBench::config_entry(const std::string& name, const std::string& scope, const std::string& more) const {
  return "\"" + name + R"(":{"path":")" + file(name) + R"(","scope":[")" + scope + "\"]" + more + "}";
}

PoolBench::~PoolBench() {
  pool_.reset();
  secrets_->stop();
}

kafka::ProducerPool::Options PoolBench::quick_options() {
  kafka::ProducerPool::Options options;
  options.debounce = 20ms;
  return options;
}

vault::SecretCache::Options PoolBench::quick_secrets() {
  vault::SecretCache::Options options;
  options.ttl = 2s;
  options.poll = 100ms;
  options.quiet = 20ms;
  options.forced_refresh = 100ms;
  return options;
}

vault::SecretCache::Options PoolBench::secrets_read_on_demand() {
  vault::SecretCache::Options options = quick_secrets();
  options.ttl = 1h;
  options.poll = 1h;
  return options;
}

void PoolBench::make_pool(const kafka::ProducerPool::Options& options) {
  pool_.reset();
  kafka::ProducerPool::Options reporting = options;
  reporting.faults = &faults_;
  pool_ = std::make_unique<kafka::ProducerPool>(reporting, *secrets_, core::system_clock(), metrics_);
}

void PoolBench::write_file(const std::string& name, const std::string& content) const {
  const std::string fresh = directory_.write(name + ".new", content);
  std::filesystem::rename(fresh, directory_.file(name));
}

void PoolBench::remove_secret() const { std::filesystem::remove(directory_.file(kSecret)); }

std::string PoolBench::scram_line(const std::string& user, const std::string& password) {
  return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user + "\" password=\"" +
         password + "\";\n";
}

std::string PoolBench::plain_line(const std::string& user, const std::string& password) {
  return "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"" + user + "\" password=\"" +
         password + "\";\n";
}

kafka::ConnectionSettings PoolBench::plaintext() {
  kafka::ConnectionSettings settings;
  settings.bootstrap_servers = KafkaEnvironment::get().plaintext;
  return settings;
}

kafka::ConnectionSettings PoolBench::sasl(kafka::SaslMechanism mechanism, kafka::SecurityProtocol protocol) {
  kafka::ConnectionSettings settings;
  const bool tls = protocol == kafka::SecurityProtocol::kSaslSsl;
  settings.bootstrap_servers = tls ? KafkaEnvironment::get().sasl_ssl : KafkaEnvironment::get().sasl_plaintext;
  settings.security_protocol = protocol;
  settings.sasl_mechanism = mechanism;
  settings.sasl_jaas_config = vault::SecretName(kSecret);
  if (tls) settings.ssl_truststore_certificates = read_file(KafkaEnvironment::get().ca_file);
  return settings;
}

kafka::ConnectionSettings PoolBench::mtls() {
  kafka::ConnectionSettings settings;
  settings.bootstrap_servers = KafkaEnvironment::get().mtls;
  settings.security_protocol = kafka::SecurityProtocol::kSsl;
  settings.ssl_keystore_key = vault::SecretName("key");
  settings.ssl_keystore_certificate_chain_secret = vault::SecretName("chain");
  settings.ssl_truststore_certificates = read_file(KafkaEnvironment::get().ca_file);
  return settings;
}

std::unique_ptr<kafka::Producer> PoolBench::acquire(const kafka::ConnectionSettings& settings, const std::string& topic,
                                                    EventRecorder* events, const std::string& id) {
  kafka::TopicSettings to;
  to.topic = topic;
  return pool_->acquire(settings, to, vault::Requester{"AidboxTopicDestination", id, "parameter[0]"},
                        events == nullptr ? kafka::ProducerPool::Listener{} : events->listener());
}

std::shared_ptr<const kafka::RecordBatch> make_batch(const std::vector<Outgoing>& records) {
  auto batch = std::make_shared<kafka::RecordBatch>();
  batch->memory.reserve(records.size() * 2);
  for (const Outgoing& record : records) {
    kafka::Record out;
    if (record.key) out.key = batch->memory.emplace_back(*record.key);
    out.value = batch->memory.emplace_back(record.value);
    batch->records.push_back(out);
  }
  return batch;
}

std::future<kafka::BatchReport> send(kafka::Producer& producer, const std::vector<Outgoing>& records) {
  auto promise = std::make_shared<std::promise<kafka::BatchReport>>();
  auto future = promise->get_future();
  producer.send(make_batch(records), [promise](kafka::BatchReport report) { promise->set_value(std::move(report)); });
  return future;
}

kafka::BatchReport report_of(std::future<kafka::BatchReport> pending, std::chrono::seconds limit) {
  if (pending.wait_for(limit) != std::future_status::ready) {
    ADD_FAILURE() << "no report within " << limit.count() << " s";
    return {};
  }
  return pending.get();
}

::testing::AssertionResult delivered(kafka::Producer& producer, const std::vector<Outgoing>& records,
                                     std::chrono::seconds limit) {
  std::string reason = "no report";
  const bool fine = eventually(
      [&] {
        auto pending = send(producer, records);
        if (pending.wait_for(limit) != std::future_status::ready) return false;
        const auto report = pending.get();
        if (report.failures.empty()) return true;
        reason = report.failures.front().reason;
        producer.resume();
        return false;
      },
      limit, 50ms);
  return fine ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << reason;
}

}  // namespace embergate::test
