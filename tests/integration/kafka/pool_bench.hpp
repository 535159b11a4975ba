// SPDX-License-Identifier: Apache-2.0
// A producer pool with secret files of its own against the real broker, and a way to send and wait for reports.
// Thread: the test's; recorders are filled from the pool's threads. Failure: a report that does not come within the
// limit fails the test.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embergate/kafka/producer_pool.hpp"
#include "support/kafka_admin.hpp"
#include "support/kafka_consumer.hpp"
#include "support/kafka_environment.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {

class EventRecorder {
 public:
  using Kind = kafka::ProducerPool::Event::Kind;
  kafka::ProducerPool::Listener listener();
  [[nodiscard]] int count(Kind kind) const;
  [[nodiscard]] std::string last(Kind kind) const;

 private:
  struct State {
    std::mutex mutex;
    std::vector<kafka::ProducerPool::Event> events;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Outgoing {
  std::optional<std::string> key;
  std::string value;
};

class PoolBench {
 public:
  static constexpr const char* kSecret = "events-jaas";
  static constexpr const char* kConfig = "vault.json";
  explicit PoolBench(vault::SecretCache::Options secrets = quick_secrets());
  ~PoolBench();

  // As `..data` volumes and editors do: a new file takes the old one's place.
  void write_secret(const std::string& content) const { write_file(kSecret, content); }
  void remove_secret() const;
  // Names that the vault config knows besides: key, chain, ca, key-password, token.
  void write_file(const std::string& name, const std::string& content) const;
  // Another vault config than the one of the start, which is watched: entries with commas between.
  void write_config(const std::string& entries) const;
  [[nodiscard]] std::string config_entries() const;  // of the start
  [[nodiscard]] std::string config_entry(const std::string& name, const std::string& scope,
                                         const std::string& more = "") const;
  static std::string scram_line(const std::string& user, const std::string& password);
  static std::string plain_line(const std::string& user, const std::string& password);
  static kafka::ConnectionSettings plaintext();
  static kafka::ConnectionSettings sasl(kafka::SaslMechanism mechanism,
                                        kafka::SecurityProtocol protocol = kafka::SecurityProtocol::kSaslPlaintext);
  // The only address that the secret pinned-jaas may be shown to; the cluster calls itself otherwise.
  static std::string pinned_server();
  // Client certificate from the files key and chain; the broker's authority from the environment.
  static kafka::ConnectionSettings mtls();
  std::unique_ptr<kafka::Producer> acquire(const kafka::ConnectionSettings& settings, const std::string& topic,
                                           EventRecorder* events = nullptr, const std::string& id = "events");
  kafka::ProducerPool& pool() { return *pool_; }
  vault::SecretCache& secrets() { return *secrets_; }
  observability::Metrics& metrics() { return metrics_; }
  void make_pool(const kafka::ProducerPool::Options& options);
  static kafka::ProducerPool::Options quick_options();
  static vault::SecretCache::Options quick_secrets();
  static vault::SecretCache::Options secrets_read_on_demand();  // nothing is looked at unless somebody asks
  [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }

 private:
  TempDir directory_;
  observability::Metrics metrics_;
  observability::Faults faults_{core::system_clock(), metrics_};
  std::unique_ptr<vault::SecretCache> secrets_;
  std::unique_ptr<kafka::ProducerPool> pool_;
};

std::shared_ptr<const kafka::RecordBatch> make_batch(const std::vector<Outgoing>& records);
std::future<kafka::BatchReport> send(kafka::Producer& producer, const std::vector<Outgoing>& records);
// Fails the test and gives an empty report when nothing comes in time.
kafka::BatchReport report_of(std::future<kafka::BatchReport> pending,
                             std::chrono::seconds limit = std::chrono::seconds(30));
// Sends until the connection takes it (a relay does the same after an event); gives the report of the first batch that
// was delivered.
::testing::AssertionResult delivered(kafka::Producer& producer, const std::vector<Outgoing>& records,
                                     std::chrono::seconds limit = std::chrono::seconds(30));

}  // namespace embergate::test
