// SPDX-License-Identifier: Apache-2.0
// The secret of a client, delivered to the program in every way (catalogue RM-01, RM-16, RM-17, RM-25): each rotation
// counts from the very next request on, in both directions, or cannot reach the program at all and is told.
#include <filesystem>

#include "e2e/gateway_test.hpp"
#include "support/delivery/method.hpp"

namespace embergate::test {
namespace {

using delivery::Kind;

class DeliveredToTheProgram : public GatewayTest, public testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override {
    const Kind& kind = GetParam();
    ASSERT_EQ(delivery::obstacle(kind), "") << kind.name << " cannot be simulated on this machine";
    world.gateway().set("BOX_VAULT_CACHE_TTL_MS", "3600000");  // nothing may depend on the re-read by age
    method_ = kind.make(world.directory().path() / "delivered");
    secrets_.push_back(world.canary("delivered"));
    method_->write({{"loader", secrets_.back()}});
    world.add_delivered_secret("loader-secret", method_->path("loader"), "Client", "loader");
    ASSERT_TRUE(world.start());
    ASSERT_EQ(
        world.root().put("/fhir/Client/loader", samples::client_with_reference("loader", "loader-secret")).status(),
        201);
    ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-loader", samples::allow_policy("loader")).status(), 201);
    ASSERT_EQ(answer_to(secrets_.back()), kAdmitted);
  }
  void TearDown() override {
    GatewayTest::TearDown();
    method_.reset();
  }

  static constexpr int kAdmitted = 404;  // of a patient that is not there
  int answer_to(const std::string& secret) { return world.client("loader", secret).get("/fhir/Patient/none").status(); }
  const std::string& rotate() {
    secrets_.push_back(world.canary("delivered-" + std::to_string(secrets_.size())));
    method_->write({{"loader", secrets_.back()}});
    return secrets_.back();
  }

  std::unique_ptr<delivery::Method> method_;
  std::vector<std::string> secrets_;
};

class Rotating : public DeliveredToTheProgram {};

TEST_P(Rotating, RM01_EveryRotationCountsFromTheVeryNextRequestOn) {
  for (int round = 0; round < 3; ++round) {
    const std::string before = secrets_.back();
    const std::string after = rotate();
    if (round % 2 == 0) {
      EXPECT_EQ(answer_to(after), kAdmitted) << GetParam().name << ", rotation " << round + 1;
      EXPECT_EQ(answer_to(before), 401) << GetParam().name << ", rotation " << round + 1;
    } else {
      EXPECT_EQ(answer_to(before), 401) << GetParam().name << ", rotation " << round + 1;
      EXPECT_EQ(answer_to(after), kAdmitted) << GetParam().name << ", rotation " << round + 1;
    }
  }
  EXPECT_EQ(world.gateway().starts(), 1);
}

class NeverRotating : public DeliveredToTheProgram {};

TEST_P(NeverRotating, RM16_TheFirstValueStaysAndAPinnedFileIsToldOnce) {
  const std::string first = secrets_.back();
  for (int round = 0; round < 3; ++round) {
    const std::string fresh = rotate();
    EXPECT_EQ(answer_to(first), kAdmitted) << GetParam().name;
    EXPECT_EQ(answer_to(fresh), 401) << GetParam().name;
  }
  const bool pinned = GetParam().name == "compose-file" || GetParam().name == "subpath";
  const std::string log = world.gateway().output();
  const auto told = log.find("secret/pinned-deleted");
  EXPECT_EQ(told != std::string::npos, pinned) << GetParam().name;
  if (pinned) {
    EXPECT_EQ(log.find("secret/pinned-deleted", told + 1), std::string::npos) << "told more than once";
  }
}

using NoNotices = GatewayTest;

// What is never asked for cannot fail: watch limits of zero, sandboxes and network file systems change nothing.
TEST_F(NoNotices, RM25_TheProgramAsksTheKernelForNoNoticesOfFiles) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 1; })) << world.status("events");
  int descriptors = 0;
  const std::string place = "/proc/" + std::to_string(world.gateway().pid()) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(place)) {
    std::error_code closed;
    const std::string target = std::filesystem::read_symlink(entry.path(), closed).string();
    EXPECT_EQ(target.find("notify"), std::string::npos) << target;
    ++descriptors;
  }
  EXPECT_GT(descriptors, 5);
}

std::vector<Kind> kinds_that(bool rotate) {
  std::vector<Kind> chosen;
  for (const Kind& kind : delivery::kinds()) {
    if (kind.promise.rotates == rotate && !kind.promise.in_process) chosen.push_back(kind);
  }
  return chosen;
}

std::string test_name(const testing::TestParamInfo<Kind>& info) {
  std::string name(info.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Delivery, Rotating, testing::ValuesIn(kinds_that(true)), test_name);
INSTANTIATE_TEST_SUITE_P(Delivery, NeverRotating, testing::ValuesIn(kinds_that(false)), test_name);

}  // namespace
}  // namespace embergate::test
