// SPDX-License-Identifier: Apache-2.0
#include "http/registry.hpp"

#include <gtest/gtest.h>

namespace embergate::http {
namespace {

using boost::asio::ip::make_address;

TEST(Registry, RefusesAboveTheCapInTotalAndTakesPlacesBack) {
  const auto registry = std::make_shared<Registry>(2, 2);
  auto first = registry->admit(make_address("10.0.0.1"));
  ASSERT_TRUE(first);
  {
    const auto second = registry->admit(make_address("10.0.0.2"));
    ASSERT_TRUE(second);
    EXPECT_FALSE(registry->admit(make_address("10.0.0.3")));
    EXPECT_EQ(registry->count(), 2U);
  }
  EXPECT_EQ(registry->count(), 1U);
  EXPECT_TRUE(registry->admit(make_address("10.0.0.3")));
}

TEST(Registry, RefusesAboveTheCapOfOneAddressOnly) {
  const auto registry = std::make_shared<Registry>(10, 1);
  const auto first = registry->admit(make_address("10.0.0.1"));
  ASSERT_TRUE(first);
  EXPECT_FALSE(registry->admit(make_address("10.0.0.1")));
  EXPECT_TRUE(registry->admit(make_address("10.0.0.2")));
}

TEST(Registry, CountsAnIpv6NetworkAsOnePeer) {
  const auto registry = std::make_shared<Registry>(10, 1);
  const auto first = registry->admit(make_address("2001:db8:0:1::1"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->address().to_string(), "2001:db8:0:1::1");
  EXPECT_FALSE(registry->admit(make_address("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(registry->admit(make_address("2001:db8:0:2::1")));
}

}  // namespace
}  // namespace embergate::http
