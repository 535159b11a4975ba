// SPDX-License-Identifier: Apache-2.0
#include "http/egress.hpp"

#include <gtest/gtest.h>

namespace embergate::http {
namespace {

bool permits(const EgressRule& rule, const char* address) {
  return Egress::make(rule)->permits(boost::asio::ip::make_address(address));
}

TEST(Egress, RefusesWhatNoServiceLivesAt) {
  for (const char* address :
       {"169.254.169.254", "169.254.0.1", "224.0.0.1", "239.255.255.255", "0.0.0.0", "0.1.2.3", "255.255.255.255",
        "fe80::1", "febf::1", "ff02::1", "::", "::ffff:169.254.169.254", "::ffff:127.0.0.1", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(permits({}, address)) << address;
  }
}

TEST(Egress, PermitsPublicPrivateAndLoopbackAddresses) {
  for (const char* address : {"8.8.8.8", "10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "2001:db8::1", "fd00::1"}) {
    EXPECT_TRUE(permits({}, address)) << address;
  }
}

TEST(Egress, RefusesLoopbackWhenAsked) {
  for (const char* address : {"127.0.0.1", "127.8.8.8", "::1"}) {
    EXPECT_FALSE(permits({.allow_loopback = false, .denied_networks = {}}, address)) << address;
  }
}

TEST(Egress, RefusesTheOperatorsNetworks) {
  const EgressRule rule{true, {"10.0.0.0/8", "192.168.1.128/25", "fd00::/8", "203.0.113.7"}};
  EXPECT_FALSE(permits(rule, "10.255.0.1"));
  EXPECT_TRUE(permits(rule, "11.0.0.1"));
  EXPECT_FALSE(permits(rule, "192.168.1.200"));
  EXPECT_TRUE(permits(rule, "192.168.1.127"));
  EXPECT_FALSE(permits(rule, "fd12::1"));
  EXPECT_TRUE(permits(rule, "fc12::1"));
  EXPECT_FALSE(permits(rule, "203.0.113.7"));
  EXPECT_TRUE(permits(rule, "203.0.113.8"));
}

TEST(Egress, RefusesWhatIsNoNetwork) {
  for (const char* network : {"", "10.0.0.0/33", "10.0.0/8", "host", "10.0.0.0/", "10.0.0.0/8x", "::/129"}) {
    EXPECT_FALSE(Egress::make({true, {network}})) << network;
  }
}

}  // namespace
}  // namespace embergate::http
