// SPDX-License-Identifier: Apache-2.0
// kill -9 of the gateway at random moments under load: what was answered with 2xx is in the database, and everything in
// the database is on Kafka, per key in version order once duplicates are removed by eventNumber.
#include <cstdlib>
#include <random>

#include "robustness/robustness_test.hpp"

namespace embergate::test {
namespace {

constexpr int kKills = 20;

class Kill : public RobustnessTest {};

unsigned seed() {
  const char* given = std::getenv("EG_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

TEST_F(Kill, TwentyKillsUnderLoadLoseNothingAndKeepTheOrder) {
  const unsigned chosen = seed();
  SCOPED_TRACE("EG_SEED=" + std::to_string(chosen));
  std::mt19937 random(chosen);
  const KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writers = 8;
  options.writes_per_second = 1'000;
  options.patients_per_writer = 25;
  options.deletes_every = 37;
  auto load = start_load(options);
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t before = load->accepted();
    // One in four dies while it starts, the others at some moment after writes were accepted.
    const bool early = kill % 4 == 3;
    if (!early) {
      ASSERT_TRUE(world.gateway().wait_ready()) << "start " << kill;
      ASSERT_TRUE(eventually([&] { return load->accepted() > before; }))
          << "no write was accepted after start " << kill;
    }
    const std::chrono::milliseconds moment(std::uniform_int_distribution<int>(0, early ? 400 : 1'200)(random));
    eventually([] { return false; }, moment);  // lets that time pass
    world.gateway().kill();
    world.gateway().launch();
  }
  ASSERT_TRUE(world.gateway().wait_ready());
  const std::uint64_t before = load->accepted();
  EXPECT_TRUE(eventually([&] { return load->accepted() > before + 100; }));

  const EventLog log = expect_all_kept_and_delivered(*load, lane);
  const std::size_t accepted = total(load->versions());
  RecordProperty("accepted", std::to_string(accepted));
  RecordProperty("duplicates", std::to_string(log.duplicates));
  EXPECT_GT(accepted, 1'000u) << "that was no load";
}

}  // namespace
}  // namespace embergate::test
