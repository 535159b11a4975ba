// SPDX-License-Identifier: Apache-2.0
#include "kafka/queue_use.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace embergate::kafka {
namespace {

TEST(QueueUse, CountsRecordsAndBytesTogether) {
  QueueUse use;
  use.add({1, 1'048'576});
  use.add({1, 24});
  EXPECT_EQ(use.now().records, 2U);
  EXPECT_EQ(use.now().bytes, 1'048'600U);
  EXPECT_EQ(use.remove({1, 24}).records, 1U);
  EXPECT_EQ(use.remove({1, 1'048'576}).records, 0U);
  EXPECT_EQ(use.now().bytes, 0U);
}

// Topics that take what they may and give nothing back, one after the other.
TEST(QueueUse, TopicsThatGiveNothingBackAlwaysLeaveRoomForOneThatIsAnswered) {
  constexpr QueueUse::Amount kLimit{1'000, 1'000'000};
  constexpr QueueUse::Amount kRecord{1, 100};
  std::vector<QueueUse> stuck(30);
  QueueUse all;
  for (QueueUse& topic : stuck) {
    while (has_share(topic.now(), all.now(), without_reserve(kLimit))) {
      topic.add(kRecord);
      all.add(kRecord);
    }
    EXPECT_GT(topic.now().records, 0U);
  }
  EXPECT_EQ(stuck[0].now().records, 438U) << "half of it for the first";
  QueueUse answered;
  while (has_share(answered.now(), all.now(), kLimit)) {
    answered.add(kRecord);
    all.add(kRecord);
  }
  EXPECT_GT(answered.now().records, 40U);
}

TEST(QueueUse, LargeRecordsAreHeldToTheirShareOfTheBytes) {
  constexpr QueueUse::Amount kLimit{100'000, 1'000'000};
  QueueUse topic;
  QueueUse all;
  while (has_share(topic.now(), all.now(), kLimit)) {
    topic.add({1, 100'000});
    all.add({1, 100'000});
  }
  EXPECT_EQ(topic.now().records, 5U);
  EXPECT_TRUE(has_share({0, 0}, all.now(), kLimit));
}

}  // namespace
}  // namespace embergate::kafka
