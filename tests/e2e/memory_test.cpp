// SPDX-License-Identifier: Apache-2.0
// What is left on the heap of a credential that was replaced: nothing, since what is freed is overwritten (S-26). The
// stack of a connection's thread is another matter: librdkafka copies a SCRAM password there for each login.
#include "e2e/gateway_test.hpp"
#include "support/canary.hpp"
#include "support/process_memory.hpp"

// A sanitizer keeps what was freed, and has a free() of its own.
#ifndef EMBERGATE_SANITIZED

namespace embergate::test {
namespace {

using namespace std::chrono_literals;

class Memory : public GatewayTest {
 protected:
  void SetUp() override {
    lane = world.add_lane();
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
    deliver_one();
    if (!heap_of(world.gateway().pid())) GTEST_SKIP() << "this user may not read another process's memory";
  }
  void deliver_one() {
    const std::string id = "p" + std::to_string(++patients);
    ASSERT_EQ(world.root().put("/fhir/Patient/" + id, samples::patient(id, "Kept")).status(), 201);
    ASSERT_TRUE(world.drained("events", patients));
  }
  [[nodiscard]] bool reaches(int generation) {
    return eventually([&] { return world.secret_part("events", "generation") == generation; }, 20s);
  }
  [[nodiscard]] std::vector<std::string> traces_of(const std::string& name, const std::string& value) {
    CanaryScanner scanner;
    scanner.add(name, value);
    return scanner.scan(heap_of(world.gateway().pid()).value_or(""), "memory");
  }
  // The last connection with it may end a little after the change.
  void expect_gone(const std::string& name, const std::string& value) {
    eventually([&] { return traces_of(name, value).empty(); }, 20s, 500ms);
    EXPECT_THAT(traces_of(name, value), testing::IsEmpty());
  }

  KafkaLane lane;
  int patients = 0;
};

TEST_F(Memory, HoldsNothingOfAPasswordThatWasRotated) {
  const std::string before = lane.password;
  ASSERT_THAT(traces_of("in use", before), testing::Not(testing::IsEmpty())) << "the search finds what is there";
  world.set_broker_password(lane, world.password("after"));
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(reaches(2)) << world.status("events");
  deliver_one();
  expect_gone("rotated", before);
}

TEST_F(Memory, HoldsNothingOfAUserThatWasReplaced) {
  const KafkaLane before = lane;
  lane.user = KafkaAdmin::random_name("gw");
  world.set_broker_password(lane, world.password("of-the-next-user"));
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(reaches(2)) << world.status("events");
  deliver_one();
  expect_gone("replaced", before.password);
}

}  // namespace
}  // namespace embergate::test

#endif
