// SPDX-License-Identifier: Apache-2.0
// Rotations that need another client of Kafka (a changed user name), in the real program: killed or ended in the middle
// (FA-02, FA-13), and so often that anything that is left behind would be seen. EG_ROTATIONS: how often (default 60).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "robustness/robustness_test.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;

constexpr long kMemoryGrowthKib = 24 * 1024;

using Names = std::map<std::string, long>;  // of threads, and how many have each

struct Footprint {
  long library_threads = 0;  // of clients of Kafka: their main threads and those of their brokers
  long threads = 0;          // all others
  long descriptors = 0;
  long resident_kib = 0;
  Names names;
};

Names threads_of(const std::string& directory) {
  Names names;
  for (const auto& task : std::filesystem::directory_iterator(directory + "/task")) {
    std::ifstream file(task.path() / "comm");
    // One that ends meanwhile has no name any more.
    if (std::string name; std::getline(file, name)) ++names[name];
  }
  return names;
}

Footprint footprint_of(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  Footprint found;
  std::ifstream status(directory + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) found.resident_kib = std::stol(line.substr(6));
  }
  found.names = threads_of(directory);
  for (const auto& [name, count] : found.names)
    (name.starts_with("rdk:") ? found.library_threads : found.threads) += count;
  const std::filesystem::directory_iterator files(directory + "/fd");
  found.descriptors = std::distance(begin(files), end(files));
  return found;
}

Footprint larger(const Footprint& a, const Footprint& b) {
  Footprint both{std::max(a.library_threads, b.library_threads), std::max(a.threads, b.threads),
                 std::max(a.descriptors, b.descriptors), std::max(a.resident_kib, b.resident_kib), a.names};
  for (const auto& [name, count] : b.names) both.names[name] = std::max(both.names[name], count);
  return both;
}

std::ostream& operator<<(std::ostream& out, const Footprint& found) {
  out << found.library_threads << " threads of the library, " << found.threads << " others, " << found.descriptors
      << " descriptors:";
  for (const auto& [name, count] : found.names) out << ' ' << name << " x" << count;
  return out;
}

class Replacement : public RobustnessTest {
 protected:
  Replacement() {
    world.gateway().set("BOX_VAULT_POLL_MS", "50");
    world.gateway().set("BOX_VAULT_QUIET_MS", "20");
  }
  // AddressSanitizer keeps 256 MiB of what was freed, in which any growth would drown.
  void keep_little_of_what_was_freed() {
    const char* given = std::getenv("ASAN_OPTIONS");
    world.gateway().set("ASAN_OPTIONS", std::string(given != nullptr ? given : "") +
                                            ":quarantine_size_mb=8:thread_local_quarantine_size_kb=64");
  }
  // Another user in the file whom the broker knows already.
  void rotate(KafkaLane& lane, const std::string& name) {
    lane.user = KafkaAdmin::random_name("gw");
    world.set_broker_password(lane, world.password(name));
    world.set_file_password(lane, lane.password);
  }
  [[nodiscard]] bool reaches(const char* part, int value) {
    return eventually([&] { return world.secret_part("events", part) == value; }, 30s, 5ms);
  }
};

TEST_F(Replacement, FA02_KilledInTheMiddleLosesNothingAndKeepsTheOrder) {
  KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writes_per_second = 300;
  auto load = start_load(options);
  for (int kill = 0; kill < 5; ++kill) {
    const std::uint64_t before = load->accepted();
    ASSERT_TRUE(eventually([&] { return load->accepted() > before + 100; }));
    ASSERT_TRUE(reaches("generation", 1)) << world.status("events");
    rotate(lane, "kill-" + std::to_string(kill));
    ASSERT_TRUE(reaches("fileGeneration", 2)) << world.status("events");
    eventually([] { return false; }, std::chrono::milliseconds(60 * kill));  // at another moment each time
    world.gateway().kill();
    world.gateway().launch();
    ASSERT_TRUE(world.gateway().wait_ready());
  }
  expect_all_kept_and_delivered(*load, lane);
}

TEST_F(Replacement, FA13_EndedInTheMiddleStopsInTimeAndLosesNothing) {
  KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writes_per_second = 300;
  auto load = start_load(options);
  for (int end = 0; end < 3; ++end) {
    ASSERT_TRUE(reaches("generation", 1)) << world.status("events");
    rotate(lane, "end-" + std::to_string(end));
    ASSERT_TRUE(reaches("fileGeneration", 2)) << world.status("events");
    eventually([] { return false; }, std::chrono::milliseconds(120 * end));
    EXPECT_EQ(world.gateway().terminate(10s).value_or(-1), 0) << world.gateway().error_output();
    world.gateway().launch();
    ASSERT_TRUE(world.gateway().wait_ready());
  }
  expect_all_kept_and_delivered(*load, lane);
}

TEST_F(Replacement, ManyTimesLeavesThreadsDescriptorsAndMemoryWhereTheyWere) {
  const char* given = std::getenv("EG_ROTATIONS");
  const int rotations = given != nullptr ? std::atoi(given) : 60;
  keep_little_of_what_was_freed();
  KafkaLane lane = world.add_lane();
  KafkaLane other = lane;
  other.user = KafkaAdmin::random_name("gw");
  world.set_broker_password(other, world.password("other"));
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writes_per_second = 50;
  options.patients_per_writer = 200;
  auto load = start_load(options);
  ASSERT_TRUE(reaches("generation", 1)) << world.status("events");
  Footprint before;
  for (int rotation = 1; rotation <= rotations; ++rotation) {
    if (rotation > 10 && rotation <= 20) before = larger(before, footprint_of(world.gateway().pid()));  // warm
    const KafkaLane& next = rotation % 2 == 1 ? other : lane;
    world.set_file_password(next, next.password);
    ASSERT_TRUE(reaches("generation", rotation + 1)) << rotation << ": " << world.status("events");
  }
  // Connections come and go beside the rotations, and pools that look at files keep a thread for each look that ever
  // was under way at once; what every fifth rotation leaves behind is more than that.
  const int others = (rotations - 20) / 10;
  Footprint after;
  EXPECT_TRUE(eventually([&] {
    after = footprint_of(world.gateway().pid());
    return after.library_threads <= before.library_threads && after.threads <= before.threads + others &&
           after.descriptors <= before.descriptors + others;
  })) << before
      << "\n-> " << after;
  EXPECT_LT(after.resident_kib - before.resident_kib, kMemoryGrowthKib);
  RecordProperty("rotations", std::to_string(rotations));
  RecordProperty("threads", std::to_string(before.library_threads + before.threads) + " -> " +
                                std::to_string(after.library_threads + after.threads));
  RecordProperty("descriptors", std::to_string(before.descriptors) + " -> " + std::to_string(after.descriptors));
  RecordProperty("resident_kib", std::to_string(before.resident_kib) + " -> " + std::to_string(after.resident_kib));
  load->stop();
  const auto written = load->versions();
  ASSERT_TRUE(world.drained("events", static_cast<std::int64_t>(total(written))));
  const EventLog log = expect_delivered(lane, written);
  EXPECT_EQ(log.duplicates, 0u);
}

}  // namespace
}  // namespace embergate::test
