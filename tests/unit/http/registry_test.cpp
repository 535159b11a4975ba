// SPDX-License-Identifier: Apache-2.0
#include "http/registry.hpp"

#include <gtest/gtest.h>

namespace embergate::http {
namespace {

using boost::asio::ip::make_address;

// With a request under way.
std::optional<Registry::Admission> busy(Registry& registry, const char* address, bool shared = false) {
  auto admitted = registry.admit(make_address(address), shared);
  if (admitted) admitted->place.works();
  return admitted;
}

TEST(Registry, RefusesAboveTheCapInTotalAndTakesPlacesBack) {
  const auto registry = std::make_shared<Registry>(2, 2);
  const auto first = busy(*registry, "10.0.0.1");
  ASSERT_TRUE(first);
  {
    const auto second = busy(*registry, "10.0.0.2");
    ASSERT_TRUE(second);
    EXPECT_FALSE(busy(*registry, "10.0.0.3"));
    EXPECT_EQ(registry->count(), 2U);
  }
  EXPECT_EQ(registry->count(), 1U);
  EXPECT_TRUE(busy(*registry, "10.0.0.3"));
}

TEST(Registry, RefusesAboveTheCapOfOneAddressOnly) {
  const auto registry = std::make_shared<Registry>(10, 1);
  const auto first = busy(*registry, "10.0.0.1");
  ASSERT_TRUE(first);
  EXPECT_FALSE(busy(*registry, "10.0.0.1"));
  EXPECT_TRUE(busy(*registry, "10.0.0.2"));
}

TEST(Registry, CountsAnIpv6NetworkAsOnePeer) {
  const auto registry = std::make_shared<Registry>(10, 1);
  const auto first = busy(*registry, "2001:db8:0:1::1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->place.address().to_string(), "2001:db8:0:1::1");
  EXPECT_FALSE(busy(*registry, "2001:db8:0:1:ffff::2"));
  EXPECT_TRUE(busy(*registry, "2001:db8:0:2::1"));
}

TEST(Registry, AProxyThatManyStandBehindCountsInTheTotalOnly) {
  const auto registry = std::make_shared<Registry>(3, 1);
  const auto first = busy(*registry, "10.0.0.1", true);
  const auto second = busy(*registry, "10.0.0.1", true);
  ASSERT_TRUE(first && second);
  const auto third = busy(*registry, "10.0.0.2");
  ASSERT_TRUE(third);
  EXPECT_FALSE(busy(*registry, "10.0.0.3"));
}

TEST(Registry, AWaitingConnectionGivesItsPlaceToANewOne) {
  const auto registry = std::make_shared<Registry>(2, 2);
  std::optional<Registry::Admission> waiting = registry->admit(make_address("10.0.0.1"));
  const auto working = busy(*registry, "10.0.0.2");
  ASSERT_TRUE(waiting && working);
  const auto third = busy(*registry, "10.0.0.3");
  EXPECT_TRUE(third);
  EXPECT_EQ(registry->count(), 3U) << "the displaced one is on the list until it has closed";
  EXPECT_FALSE(busy(*registry, "10.0.0.4")) << "it gave up one place and not two";
  waiting.reset();
  EXPECT_EQ(registry->count(), 2U);
  EXPECT_FALSE(busy(*registry, "10.0.0.4")) << "its place was counted once";
}

TEST(Registry, AConnectionThatHadItsLastAnswerGivesWayBeforeThoseThatWait) {
  const auto registry = std::make_shared<Registry>(2, 2);
  const auto waiting = registry->admit(make_address("10.0.0.1"));
  auto ending = busy(*registry, "10.0.0.2");
  ASSERT_TRUE(waiting && ending);
  ending->place.ends();
  const auto third = busy(*registry, "10.0.0.3");
  EXPECT_TRUE(third);
  const auto fourth = busy(*registry, "10.0.0.1");
  EXPECT_TRUE(fourth) << "the waiting one was still there to give way";
  EXPECT_FALSE(busy(*registry, "10.0.0.4"));
}

TEST(Registry, AtTheCapOfAnAddressOneOfThatAddressGivesWay) {
  const auto registry = std::make_shared<Registry>(10, 1);
  const auto elsewhere = registry->admit(make_address("10.0.0.2"));
  const auto waiting = registry->admit(make_address("10.0.0.1"));
  ASSERT_TRUE(elsewhere && waiting);
  const auto next = busy(*registry, "10.0.0.1");
  EXPECT_TRUE(next);
  EXPECT_FALSE(busy(*registry, "10.0.0.1"));
  EXPECT_TRUE(busy(*registry, "10.0.0.2")) << "that of the other address still waits";
}

}  // namespace
}  // namespace embergate::http
