// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/uuid.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace embergate::core
