// SPDX-License-Identifier: Apache-2.0
#include "support/gateway_world.hpp"

#include <algorithm>

#include "support/canary.hpp"
#include "support/eventually.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::test {

using nlohmann::json;

GatewayWorld::GatewayWorld()
    : volume_(directory_.path() / "secrets"),
      kafka_(std::make_unique<KafkaAdmin>()),
      gateway_(std::make_unique<Gateway>(directory_.path() / "gateway")) {
  std::filesystem::create_directories(directory_.path() / "tmp");
  root_secret_ = canary("root");
  files_["root-secret"] = root_secret_;
  write_volume();
  gateway_->set("TMPDIR", directory_.file("tmp"));
  gateway_->set("BOX_ID", "e2e");
  gateway_->set("BOX_WEB_BASE_URL", "http://gw.example");
  gateway_->set("BOX_VAULT_CONFIG", vault_config_file());
  gateway_->set("BOX_ROOT_CLIENT_ID", "root");
  gateway_->set("BOX_ROOT_CLIENT_SECRET_FILE", volume_.file("root-secret"));
}

std::string GatewayWorld::canary(const std::string& name) {
  std::string value = make_canary(name);
  watch_for(name, value);
  return value;
}

std::string GatewayWorld::password(const std::string& name) {
  std::string value;
  do {
    value = make_canary(name);
  } while (std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) > 127; }));
  watch_for(name, value);
  return value;
}

void GatewayWorld::add_secret(const std::string& name, const std::string& value, const std::string& type,
                              const std::string& id) {
  add_delivered_secret(name, volume_.file(name), type, id);
  if (!value.empty()) write_secret(name, value);
}

void GatewayWorld::add_delivered_secret(const std::string& name, const std::string& path, const std::string& type,
                                        const std::string& id) {
  json scope{{"resource_type", type}};
  if (!id.empty()) scope["id"] = id;
  vault_config_["secret"][name] = {{"path", path}, {"scope", scope}};
}

void GatewayWorld::write_secret(const std::string& name, const std::string& value) {
  files_[name] = value;
  write_volume();
}

void GatewayWorld::remove_secret(const std::string& name) {
  files_.erase(name);
  write_volume();
}

void GatewayWorld::write_vault_config() const {
  static_cast<void>(directory_.write("vault.json", vault_config_.dump(1)));
}

KafkaLane GatewayWorld::add_lane(const std::string& destination_id, bool with_file) {
  const KafkaEnvironment& kafka = KafkaEnvironment::get();
  KafkaLane lane;
  lane.user = KafkaAdmin::random_name("gw");
  set_broker_password(lane, password(destination_id));
  lane.destination.id = destination_id;
  lane.destination.jaas_secret = destination_id + "-jaas";
  lane.destination.kafka_topic = kafka_->create_topic("e2e");
  lane.destination.bootstrap = kafka.sasl_ssl;
  lane.destination.ca_file = kafka.ca_file;
  add_secret(lane.destination.jaas_secret, with_file ? samples::scram_jaas(lane.user, lane.password) : std::string(),
             "AidboxTopicDestination", destination_id);
  return lane;
}

void GatewayWorld::set_broker_password(KafkaLane& lane, const std::string& password) {
  lane.password = password;
  kafka_->set_scram_password(lane.user, password);
}

void GatewayWorld::set_file_password(const KafkaLane& lane, const std::string& password) {
  write_secret(lane.destination.jaas_secret, samples::scram_jaas(lane.user, password));
}

testing::AssertionResult GatewayWorld::start() {
  write_vault_config();
  return gateway_->start();
}

RestClient GatewayWorld::client(const std::string& id, const std::string& secret) {
  return RestClient(gateway_->port(), id, secret, transcript_);
}
RestClient GatewayWorld::root() { return client("root", root_secret_); }
RestClient GatewayWorld::anonymous() { return client("", ""); }

HttpReply GatewayWorld::metrics() const {
  HttpReply reply = request(gateway_->metrics_port(), "GET", "/metrics");
  transcript_->add(reply);
  return reply;
}

RestReply GatewayWorld::create_topic_and_destination(const KafkaLane& lane) {
  RestReply topic = root().post("/fhir/AidboxSubscriptionTopic",
                                samples::topic(lane.destination.topic_url, {samples::trigger("Patient")}));
  if (topic.status() != 201) return topic;
  return root().post("/fhir/AidboxTopicDestination", lane.destination.json());
}

json GatewayWorld::status(const std::string& destination_id) {
  return root().get("/fhir/AidboxTopicDestination/" + destination_id + "/$status").json;
}

double GatewayWorld::status_number(const std::string& destination_id, const std::string& name) {
  const json all = status(destination_id);
  if (!all.is_object() || !all.contains("parameter")) return 0;
  for (const json& parameter : all["parameter"]) {
    if (parameter.value("name", "") == name && parameter.contains("valueDecimal")) return parameter["valueDecimal"];
  }
  return 0;
}

json GatewayWorld::secret_part(const std::string& destination_id, const std::string& part) {
  const json all = status(destination_id);
  if (!all.is_object() || !all.contains("parameter")) return nullptr;
  for (const json& parameter : all["parameter"]) {
    if (parameter.value("name", "") != "secret") continue;
    for (const json& item : parameter["part"]) {
      if (item.value("name", "") != part) continue;
      for (const auto& [name, value] : item.items()) {
        if (name.starts_with("value")) return value;
      }
    }
  }
  return nullptr;
}

testing::AssertionResult GatewayWorld::drained(const std::string& destination_id, std::int64_t delivered,
                                               std::chrono::milliseconds deadline) {
  const bool done = eventually(
      [&] {
        return status_number(destination_id, "messagesDelivered") >= static_cast<double>(delivered) &&
               status_number(destination_id, "messagesQueued") == 0;
      },
      deadline, std::chrono::milliseconds(50));
  if (done) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected " << delivered << " delivered: " << status(destination_id).dump();
}

EventLog GatewayWorld::events(const KafkaLane& lane, std::size_t expected, bool keep_bundles) const {
  return read_events(consume_all(lane.destination.kafka_topic, expected), keep_bundles);
}

void GatewayWorld::remember_process() {
  if (!gateway_->running()) return;
  const std::string place = "/proc/" + std::to_string(gateway_->pid());
  process_text_ += read_file(place + "/cmdline") + read_file(place + "/environ") + metrics().body;
}

std::vector<std::string> GatewayWorld::leaks() const {
  CanaryScanner scanner;
  for (const auto& [name, value] : canaries_) scanner.add(name, value);
  std::vector<std::string> found;
  const auto add = [&found](std::vector<std::string> more) {
    for (std::string& text : more) found.push_back(std::move(text));
  };
  add(scanner.scan(gateway_->output(), "standard output"));
  add(scanner.scan(gateway_->error_output(), "standard error"));
  add(scanner.scan(transcript_->text(), "answers"));
  add(scanner.scan(process_text_, "command line, environment or metrics"));
  add(scanner.scan_directory(gateway_->database_directory()));
  add(scanner.scan_directory(directory_.path() / "tmp"));
  return found;
}

}  // namespace embergate::test
