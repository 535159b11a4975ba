// SPDX-License-Identifier: Apache-2.0
#include "support/load.hpp"

#include "support/samples.hpp"

namespace embergate::test {

Load::Load(const LoadOptions& options, MakeClient client, std::function<std::uint16_t()> port)
    : options_(options), make_client_(std::move(client)), port_(std::move(port)), writers_(options.writers) {
  for (std::size_t i = 0; i < writers_.size(); ++i) writers_[i].thread = std::thread([this, i] { run(i); });
}

Load::~Load() { stop(); }

void Load::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  for (Writer& writer : writers_) {
    if (writer.thread.joinable()) writer.thread.join();
  }
}

bool Load::pause_until(std::chrono::steady_clock::time_point next) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_until(lock, next, [this] { return stopped_; });
}

void Load::run(std::size_t index) {
  RestClient client = make_client_();
  client.keep_connection();
  client.set_deadline(std::chrono::seconds(15));
  const auto interval = std::chrono::nanoseconds(
      static_cast<std::int64_t>(1e9 * static_cast<double>(options_.writers) / options_.writes_per_second));
  auto next = std::chrono::steady_clock::now() +
              interval * static_cast<std::int64_t>(index) / static_cast<std::int64_t>(options_.writers);
  for (std::uint64_t count = 0; pause_until(next); ++count) {
    client.set_port(port_());
    write_one(client, writers_[index], index, count);
    // What was late is not made up for in a burst of more than a second.
    next = std::max(next + interval, std::chrono::steady_clock::now() - std::chrono::seconds(1));
  }
}

void Load::write_one(RestClient& client, Writer& writer, std::size_t index, std::uint64_t count) {
  const std::string id = "w" + std::to_string(index) + "-" + std::to_string(count % options_.patients_per_writer);
  const bool remove = options_.deletes_every > 0 && count % options_.deletes_every == options_.deletes_every - 1;
  const RestReply reply = remove ? client.remove("/fhir/Patient/" + id)
                                 : client.put("/fhir/Patient/" + id, samples::patient(id, "v" + std::to_string(count)));
  const int status = reply.status();
  if (status != 200 && status != 201 && status != 204) {
    ++refused_;
    ++writer.refusals[status];
    // A gateway that is away is asked again soon, not at once.
    pause_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    return;
  }
  ++accepted_;
  if (reply.version() > 0) writer.versions["Patient/" + id].push_back(reply.version());
}

std::map<std::string, std::vector<std::int64_t>> Load::versions() const {
  std::map<std::string, std::vector<std::int64_t>> all;
  for (const Writer& writer : writers_) all.insert(writer.versions.begin(), writer.versions.end());
  return all;
}

std::map<int, std::uint64_t> Load::refusals() const {
  std::map<int, std::uint64_t> all;
  for (const Writer& writer : writers_) {
    for (const auto& [status, count] : writer.refusals) all[status] += count;
  }
  return all;
}

}  // namespace embergate::test
