// SPDX-License-Identifier: Apache-2.0
#include "delivery/held_resources.hpp"

#include <gmock/gmock.h>

namespace embergate::delivery {
namespace {

using ::testing::ElementsAre;

TEST(HeldResources, ARowThatIsGoneLeavesThoseThatFailedBeforeItToBeSent) {
  HeldResources held;
  held.hold("Patient/p", 7, 1);
  held.fail("Patient/p", 5, 1);  // with its connection
  held.remove("Patient/p", 7);
  EXPECT_EQ(held.lowest_failed(), 5) << "reading goes back to it";
}

TEST(HeldResources, ARowThatIsGoneLeavesAnEarlierOneWaiting) {
  HeldResources held;
  held.hold("Patient/p", 7, 1);
  held.hold("Patient/p", 5, 1);
  held.remove("Patient/p", 7);
  ASSERT_NE(held.find("Patient/p", 5), nullptr);
  EXPECT_EQ(held.find("Patient/p", 5)->waiting, 5);
}

TEST(HeldResources, ARowThatIsDeliveredOvertakesThoseThatFailedBeforeIt) {
  HeldResources held;
  held.hold("Patient/p", 7, 1);
  held.fail("Patient/p", 5, 1);
  EXPECT_THAT(held.deliver("Patient/p", 7), ElementsAre(5));
}

}  // namespace
}  // namespace embergate::delivery
