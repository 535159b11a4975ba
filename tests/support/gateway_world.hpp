// SPDX-License-Identifier: Apache-2.0
// A gateway with everything around it: a volume of secret files as a kubelet makes it, a vault config, a root client, a
// Kafka user and topic of its own on the real broker. Every secret is a canary, so that leaks() can search all that the
// program wrote and said. Thread: one, but clients may be used from others. Failure: what cannot be set up ends the
// test program; what the gateway does wrong is returned.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/atomic_volume.hpp"
#include "support/events.hpp"
#include "support/gateway.hpp"
#include "support/kafka_admin.hpp"
#include "support/rest_client.hpp"
#include "support/samples.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {

// What one destination needs outside the gateway.
struct KafkaLane {
  std::string user;
  std::string password;
  samples::Destination destination;
};

class GatewayWorld {
 public:
  GatewayWorld();

  [[nodiscard]] Gateway& gateway() { return *gateway_; }
  [[nodiscard]] const TempDir& directory() const { return directory_; }
  [[nodiscard]] KafkaAdmin& kafka() { return *kafka_; }

  // A secret value that leaks() will look for.
  std::string canary(const std::string& name);
  // As canary(), in ASCII: what the gateway supports as a SCRAM password.
  std::string password(const std::string& name);
  void watch_for(const std::string& name, const std::string& value) { canaries_.emplace_back(name, value); }
  // An entry of the vault config, and its file unless the value is empty. `id` empty: for every resource of the type.
  void add_secret(const std::string& name, const std::string& value, const std::string& type,
                  const std::string& id = {});
  // An entry whose file somebody else delivers.
  void add_delivered_secret(const std::string& name, const std::string& path, const std::string& type,
                            const std::string& id);
  void write_secret(const std::string& name, const std::string& value);  // one atomic swap
  void remove_secret(const std::string& name);
  [[nodiscard]] std::string secret_file(const std::string& name) const { return volume_.file(name); }
  [[nodiscard]] std::string vault_config_file() const { return directory_.file("vault.json"); }
  void write_vault_config() const;

  // A fresh user and topic, and the secret that the destination refers to. `with_file` false: the file is absent.
  KafkaLane add_lane(const std::string& destination_id = "events", bool with_file = true);
  // The broker's side and the file's side of a rotation.
  void set_broker_password(KafkaLane& lane, const std::string& password);
  void set_file_password(const KafkaLane& lane, const std::string& password);

  [[nodiscard]] testing::AssertionResult start();  // writes the vault config first
  RestClient root();
  RestClient client(const std::string& id, const std::string& secret);
  RestClient anonymous();
  [[nodiscard]] const std::string& root_secret() const { return root_secret_; }
  [[nodiscard]] HttpReply metrics() const;

  // Topic of patients, and the lane's destination; the answer of the second.
  RestReply create_topic_and_destination(const KafkaLane& lane);
  nlohmann::json status(const std::string& destination_id);
  // A number of $status, 0 when it is not there.
  double status_number(const std::string& destination_id, const std::string& name);
  // A part of the only secret of the destination; null when it is not there.
  nlohmann::json secret_part(const std::string& destination_id, const std::string& part);
  // Everything delivered and nothing queued within the deadline.
  [[nodiscard]] testing::AssertionResult drained(const std::string& destination_id, std::int64_t delivered,
                                                 std::chrono::milliseconds deadline = std::chrono::seconds(60));
  [[nodiscard]] EventLog events(const KafkaLane& lane, std::size_t expected, bool keep_bundles = true) const;

  // Where a secret was found that must not be there (security.md 6 "Canary"): output, answers, database, metrics,
  // command line, temporary files. Call it when the gateway has ended, or also before.
  [[nodiscard]] std::vector<std::string> leaks() const;
  void remember_process();  // command line and metrics of the running program, for leaks()

 private:
  void write_volume() { volume_.write(files_); }

  TempDir directory_;
  AtomicVolume volume_;
  AtomicVolume::Payload files_;
  nlohmann::json vault_config_ = {{"secret", nlohmann::json::object()}};
  std::vector<std::pair<std::string, std::string>> canaries_;
  std::shared_ptr<Transcript> transcript_ = std::make_shared<Transcript>();
  std::string process_text_;
  std::string root_secret_;
  std::unique_ptr<KafkaAdmin> kafka_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace embergate::test
