// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/uuid.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace embergate::core {
namespace {

TEST(Uuid, NamesGiveTheSameUuidForEver) {
  EXPECT_EQ(name_uuid("box/events/1"), name_uuid("box/events/1"));
  EXPECT_NE(name_uuid("box/events/1"), name_uuid("box/events/2"));
  EXPECT_EQ(name_uuid("x")[14], '5');
}

TEST(Uuid, RandomOnesAreVersion4AndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = random_uuid();
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Uuid, TimeOrderedOnesAreVersion7AndSortByTheirMillisecond) {
  const auto milliseconds = [](const std::string& uuid) { return uuid.substr(0, 13); };
  std::string last;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = time_ordered_uuid();
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '7');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    EXPECT_LE(milliseconds(last), milliseconds(uuid));
    seen.insert(uuid);
    last = uuid;
  }
  EXPECT_EQ(seen.size(), 1000U);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto shown = std::stoll(last.substr(0, 8) + last.substr(9, 4), nullptr, 16);
  EXPECT_NEAR(static_cast<double>(shown),
              static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()), 60'000.0);
}

}  // namespace
}  // namespace embergate::core
