// SPDX-License-Identifier: Apache-2.0
// Rotation of the SCRAM password under load with default settings (RM-03, RM-18, FA-10; decision 22): nothing lost,
// doubled or out of order, and the new credential in use within seven seconds of the later of file swap and broker
// change.
#include <random>

#include "robustness/robustness_test.hpp"

namespace embergate::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRotations = 20;
constexpr std::chrono::milliseconds kLimit{7'000};

class Rotation : public RobustnessTest {
 protected:
  // When the generation was in use, counted from now.
  std::chrono::milliseconds wait_for_generation(int generation) {
    const auto begin = Clock::now();
    eventually([&] { return world.secret_part("events", "generation") == generation; }, std::chrono::seconds(30),
               std::chrono::milliseconds(20));
    return std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
  }
};

TEST_F(Rotation, RM03_TwentyRotationsUnderLoadLoseDoubleAndReorderNothing) {
  KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writes_per_second = 500;
  options.patients_per_writer = 50;
  auto load = start_load(options);
  ASSERT_TRUE(eventually([&] { return load->accepted() > 100; }));
  ASSERT_EQ(wait_for_generation(1) < std::chrono::seconds(20), true) << world.status("events");

  std::mt19937 random(7);
  std::chrono::milliseconds worst{0};
  for (int rotation = 1; rotation <= kRotations; ++rotation) {
    const std::string fresh = world.password("rotation-" + std::to_string(rotation));
    const std::chrono::milliseconds between(std::uniform_int_distribution<int>(0, 1'500)(random));
    if (rotation % 2 == 1) {
      world.set_broker_password(lane, fresh);
      eventually([] { return false; }, between);
      world.set_file_password(lane, fresh);
    } else {
      world.set_file_password(lane, fresh);
      eventually([] { return false; }, between);
      world.set_broker_password(lane, fresh);
    }
    const auto took = wait_for_generation(rotation + 1);
    worst = std::max(worst, took);
    ASSERT_LE(took.count(), kLimit.count())
        << "rotation " << rotation << (rotation % 2 == 1 ? ", broker first: " : ", file first: ")
        << world.status("events");
  }
  load->stop();
  RecordProperty("worst_ms", std::to_string(worst.count()));
  EXPECT_EQ(load->refused(), 0u) << "writes were refused while passwords changed";
  const auto written = load->versions();
  RecordProperty("writes", std::to_string(total(written)));
  ASSERT_TRUE(world.drained("events", static_cast<std::int64_t>(total(written))));
  const EventLog log = expect_delivered(lane, written);
  EXPECT_EQ(log.duplicates, 0u);
  EXPECT_EQ(log.events.size(), total(written));
  EXPECT_EQ(world.gateway().starts(), 1);
}

TEST_F(Rotation, ARefusedNewPasswordLeavesTheOldOneWorkingUntilTheRightOneComes) {
  KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writes_per_second = 200;
  auto load = start_load(options);
  ASSERT_LT(wait_for_generation(1), std::chrono::seconds(20)) << world.status("events");
  world.set_file_password(lane, world.password("wrong"));
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "fileGeneration") == 2; }, std::chrono::seconds(20)))
      << world.status("events");
  const std::uint64_t before = load->accepted();
  EXPECT_TRUE(eventually([&] { return load->accepted() > before + 400; }));
  EXPECT_TRUE(eventually([&] { return world.status_number("events", "messagesQueued") < 50; }))
      << world.status("events");
  EXPECT_EQ(world.secret_part("events", "generation"), 1) << "a refused credential is not in use";
  world.set_broker_password(lane, world.password("right"));
  world.set_file_password(lane, lane.password);
  EXPECT_TRUE(eventually(
      [&] {
        return world.secret_part("events", "generation").is_number() && world.secret_part("events", "generation") > 1;
      },
      std::chrono::seconds(20)))
      << world.status("events");
  load->stop();
  const auto written = load->versions();
  ASSERT_TRUE(world.drained("events", static_cast<std::int64_t>(total(written))));
  const EventLog log = expect_delivered(lane, written);
  EXPECT_EQ(log.duplicates, 0u);
}

}  // namespace
}  // namespace embergate::test
