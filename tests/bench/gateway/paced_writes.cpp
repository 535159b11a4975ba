// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway/paced_writes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/gateway/topic_tail.hpp"
#include "support/eventually.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::bench {
namespace {

using Clock = std::chrono::steady_clock;

void wait_until(Clock::time_point due) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now());
  test::eventually([due] { return Clock::now() >= due; }, std::chrono::minutes(1),
                   std::max(std::chrono::milliseconds(1), left));
}

Percentiles percentiles_of(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  return {ms[ms.size() / 2], ms[ms.size() * 99 / 100]};
}

}  // namespace

bool PacedWrites::start() {
  lane_ = world_.add_lane();
  if (const auto ready = world_.start(); !ready) {
    fmt::print(stderr, "{}\n", ready.message());
    return false;
  }
  if (world_.create_topic_and_destination(lane_).status() != 201) return false;
  world_.root().put("/fhir/Patient/warm", test::samples::full_patient("warm", "Up"));
  return static_cast<bool>(world_.drained("events", 1));
}

std::optional<PacedResult> PacedWrites::run(const Pace& pace) {
  const std::size_t writes = pace.per_second * pace.seconds;
  for (TimePoints* points : {&sent_, &answered_, &arrived_}) points->assign(writes, {});
  std::atomic<std::size_t> count{0};
  const std::string prefix = fmt::format("r{}-", ++runs_);
  TopicTail tail(test::KafkaEnvironment::get().plaintext, lane_.destination.kafka_topic,
                 [&](std::string_view key, std::string_view) {
                   if (!key.starts_with(prefix)) return;
                   auto& arrived = arrived_[std::stoul(std::string(key.substr(prefix.size())))];
                   if (arrived != Clock::time_point()) return;
                   arrived = Clock::now();
                   ++count;
                 });
  send_all(pace, prefix);
  if (!test::eventually([&] { return count >= writes; }, std::chrono::minutes(2))) {
    fmt::print(stderr, "{} of {} records arrived\n", count.load(), writes);
    return std::nullopt;
  }
  return result();
}

void PacedWrites::send_all(const Pace& pace, const std::string& prefix) {
  begin_ = Clock::now() + std::chrono::milliseconds(200);
  std::vector<std::thread> senders;
  for (std::size_t first = 0; first < pace.senders; ++first)
    senders.emplace_back([&, first] { send_some(pace, prefix, first); });
  for (std::thread& sender : senders) sender.join();
}

void PacedWrites::send_some(const Pace& pace, const std::string& prefix, std::size_t first) {
  test::RestClient client = world_.root();
  client.keep_connection();
  for (std::size_t i = first; i < sent_.size(); i += pace.senders) {
    wait_until(begin_ + std::chrono::microseconds(1'000'000 * i / pace.per_second));
    const std::string id = prefix + std::to_string(i);
    const auto body = test::samples::full_patient(id, "Quick").dump();
    sent_[i] = Clock::now();
    client.send_text("PUT", "/fhir/Patient/" + id, body);
    answered_[i] = Clock::now();
  }
}

PacedResult PacedWrites::result() const {
  const auto last = *std::max_element(arrived_.begin(), arrived_.end());
  return {since_sent(arrived_), since_sent(answered_),
          static_cast<double>(sent_.size()) / std::chrono::duration<double>(last - begin_).count()};
}

Percentiles PacedWrites::since_sent(const TimePoints& then) const {
  std::vector<double> ms;
  ms.reserve(then.size());
  for (std::size_t i = 0; i < then.size(); ++i)
    ms.push_back(std::chrono::duration<double, std::milli>(then[i] - sent_[i]).count());
  return percentiles_of(std::move(ms));
}

}  // namespace embergate::bench
