// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace embergate::app {
namespace {

TEST(Descriptors, ConnectionsLeaveAReserveForFilesDatabaseAndKafka) {
  EXPECT_EQ(connections_within(1'048'576, 4'096), 4'096U);
  EXPECT_EQ(connections_within(4'096, 4'096), 3'072U);
  EXPECT_EQ(connections_within(1'024, 4'096), 768U);
  EXPECT_EQ(connections_within(256, 4'096), 128U);
  EXPECT_EQ(connections_within(1'024, 100), 100U);
  EXPECT_EQ(connections_within(10, 4'096), 8U);
}

TEST(Descriptors, OneAddressDoesNotTakeThePlacesOfAllOthersWhenThereAreFewer) {
  EXPECT_EQ(connections_of_address(4'096, 1'024, 4'096), 1'024U);
  EXPECT_EQ(connections_of_address(768, 1'024, 4'096), 192U);
  EXPECT_EQ(connections_of_address(8, 1'024, 1'000'000), 1U);
  EXPECT_EQ(connections_of_address(768, 1'000'000, 4'096), 768U) << "as the operator wants it";
}

TEST(Descriptors, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(before.rlim_max, 128);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const std::size_t limit = raise_descriptor_limit();
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, limit);
  EXPECT_EQ(limit, std::min<rlim_t>(before.rlim_max, 65'536));
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace embergate::app
