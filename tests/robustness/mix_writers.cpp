// SPDX-License-Identifier: Apache-2.0
#include "robustness/mix_writers.hpp"

#include "support/samples.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

constexpr std::size_t kPatientsPerWriter = 60;

json patient_of(std::mt19937& random, const std::string& id, bool woman) {
  json patient = samples::patient(id, "v" + std::to_string(random() % 1'000'000));
  patient["gender"] = woman ? "female" : "male";
  const auto dice = random() % 1'000;
  if (dice < 5) {
    patient["contact"] = json::array();
    for (std::size_t i = 0; i < kDenseContacts; ++i) patient["contact"].push_back({{"name", {{"family", "F"}}}});
  } else if (dice < 80) {
    patient["text"] = {
        {"status", "generated"},
        {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + std::string(kHeavyBytes, 'x') + "</div>"}};
  }
  return patient;
}

}  // namespace

MixWriters::MixWriters(std::size_t writers, double writes_per_second, std::uint32_t seed, MakeClient client)
    : make_client_(std::move(client)),
      interval_(static_cast<std::int64_t>(1e9 * static_cast<double>(writers) / writes_per_second)),
      writers_(writers) {
  for (std::size_t i = 0; i < writers; ++i) {
    writers_[i].random.seed(seed + static_cast<std::uint32_t>(i));
    writers_[i].thread = std::thread([this, i] { run(i); });
  }
}

MixWriters::~MixWriters() { stop(); }

void MixWriters::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  for (Writer& writer : writers_) {
    if (writer.thread.joinable()) writer.thread.join();
  }
}

bool MixWriters::pause_until(std::chrono::steady_clock::time_point next) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_until(lock, next, [this] { return stopped_; });
}

void MixWriters::run(std::size_t index) {
  RestClient client = make_client_();
  client.keep_connection();
  client.set_deadline(std::chrono::seconds(60));
  auto next = std::chrono::steady_clock::now();
  while (pause_until(next)) {
    write_one(client, writers_[index], index);
    next = std::max(next + interval_, std::chrono::steady_clock::now() - std::chrono::seconds(1));
  }
}

void MixWriters::write_one(RestClient& client, Writer& writer, std::size_t index) {
  const std::string id = "m" + std::to_string(index) + "-" + std::to_string(writer.random() % kPatientsPerWriter);
  const bool woman = writer.random() % 2 == 0;
  const RestReply reply = client.put("/fhir/Patient/" + id, patient_of(writer.random, id, woman));
  if (reply.status() != 200 && reply.status() != 201) {
    ++writer.refusals[reply.status()];
    return;
  }
  ++accepted_;
  writer.writes.push_back({"Patient/" + id, reply.version(), woman});
}

std::vector<AcceptedWrite> MixWriters::writes() const {
  std::vector<AcceptedWrite> all;
  for (const Writer& writer : writers_) all.insert(all.end(), writer.writes.begin(), writer.writes.end());
  return all;
}

std::map<int, std::uint64_t> MixWriters::refusals() const {
  std::map<int, std::uint64_t> all;
  for (const Writer& writer : writers_) {
    for (const auto& [status, count] : writer.refusals) all[status] += count;
  }
  return all;
}

}  // namespace embergate::test
