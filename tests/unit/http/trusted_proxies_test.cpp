// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/trusted_proxies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embergate/http/server.hpp"

namespace embergate::http {
namespace {

using boost::asio::ip::make_address;

class TrustedProxiesTest : public ::testing::Test {
 protected:
  // Of a request from the proxy 10.0.0.1.
  std::string caller(const std::vector<Header>& headers) const {
    return proxies_->caller_behind(make_address("10.0.0.1"), headers).to_string();
  }
  std::string forwarded(const std::string& value) const { return caller({{"Forwarded", value}}); }
  std::string x_forwarded_for(const std::string& value) const { return caller({{"x-forwarded-for", value}}); }

  std::shared_ptr<const TrustedProxies> proxies_ = *TrustedProxies::parse({"10.0.0.0/8", "fd00::/8", "192.0.2.7"});
};

TEST_F(TrustedProxiesTest, TrustOnlyTheirNetworks) {
  for (const char* address : {"10.0.0.1", "10.255.255.255", "fd00::1", "192.0.2.7"})
    EXPECT_TRUE(proxies_->trust(make_address(address))) << address;
  for (const char* address : {"11.0.0.1", "192.0.2.8", "fe00::1", "::1"})
    EXPECT_FALSE(proxies_->trust(make_address(address))) << address;
  for (const char* text : {"10.0.0.0/33", "fd00::/129", "10.0.0", "proxy", "10.0.0.0/-1", "10.0.0.0/", ""})
    EXPECT_FALSE(TrustedProxies::parse({text})) << text;
}

TEST_F(TrustedProxiesTest, TheCallerIsTheFirstFromTheRightThatIsNotTrusted) {
  EXPECT_EQ(x_forwarded_for("203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(x_forwarded_for("198.51.100.1, 203.0.113.9, 10.2.3.4"), "203.0.113.9");
  EXPECT_EQ(x_forwarded_for("10.9.9.9,10.2.3.4"), "10.9.9.9");
  EXPECT_EQ(forwarded("for=198.51.100.1, for=203.0.113.9;proto=https;by=10.2.3.4, for=10.2.3.4"), "203.0.113.9");
  EXPECT_EQ(caller({{"X-Forwarded-For", "198.51.100.1"}, {"X-Forwarded-For", "203.0.113.9"}}), "203.0.113.9");
  EXPECT_EQ(caller({}), "10.0.0.1");
}

TEST_F(TrustedProxiesTest, PortsBracketsQuotesAndMappedAddressesAreUnderstood) {
  EXPECT_EQ(forwarded("FOR=\"[2001:db8::1]:4711\""), "2001:db8::1");
  EXPECT_EQ(forwarded("for=\"203.0.113.9:_port\""), "203.0.113.9");
  EXPECT_EQ(forwarded("host=\"a, for=198.51.100.1\";for=203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(x_forwarded_for("203.0.113.9:4711"), "203.0.113.9");
  EXPECT_EQ(x_forwarded_for("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(x_forwarded_for("[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(x_forwarded_for("::ffff:203.0.113.9"), "203.0.113.9");
}

TEST_F(TrustedProxiesTest, WhatIsMalformedEndsTheWalkAtTheLastKnownAddress) {
  for (const char* value :
       {"", " ", "unknown", "_hidden", "203.0.113.9x", "203.0.113", "999.1.1.1", "fe80::1%eth0", "[203.0.113.9]",
        "203.0.113.9:", "203.0.113.9:99999999", "\"203.0.113.9\"", "203.0.113.9,", "203.0.113.9, ,"})
    EXPECT_EQ(x_forwarded_for(value), "10.0.0.1") << value;
  EXPECT_EQ(x_forwarded_for("203.0.113.9, nonsense, 10.5.5.5"), "10.5.5.5");
  for (const char* value :
       {"", "for", "for=", "for=unknown", "for=_x", "203.0.113.9", "for=203.0.113.9 for=1.2.3.4", "for =203.0.113.9",
        "for=203.0.113.9;for=1.2.3.4", "for=2001:db8::1", "for=\"203.0.113.9", "proto=https", "for=\"2001:db8::1\""})
    EXPECT_EQ(forwarded(value), "10.0.0.1") << value;
}

// What a client writes in front must not swallow what the proxy appends.
TEST_F(TrustedProxiesTest, AClientCannotHideBehindAQuoteOfItsOwn) {
  for (const char* value : {"for=\"198.51.100.1, for=203.0.113.9", "for=198.51.100.1;x=\", for=\"[2001:db8::9]\"",
                            "for=198.51.100.1;x=\"\\, for=203.0.113.9"})
    EXPECT_EQ(forwarded(value), "10.0.0.1") << value;
  EXPECT_EQ(caller({{"Forwarded", "for=\"198.51.100.1"}, {"Forwarded", "for=203.0.113.9"}}), "203.0.113.9");
}

// A proxy that writes one header passes the other on as the client sent it.
TEST_F(TrustedProxiesTest, TwoHeadersThatDisagreeCountForNothing) {
  EXPECT_EQ(caller({{"Forwarded", "for=198.51.100.1"}, {"X-Forwarded-For", "203.0.113.9"}}), "10.0.0.1");
  EXPECT_EQ(caller({{"Forwarded", "for=203.0.113.9"}, {"X-Forwarded-For", "198.51.100.1, 203.0.113.9"}}),
            "203.0.113.9");
}

TEST_F(TrustedProxiesTest, AnEndlessListOfTrustedHopsIsWalkedWithinABound) {
  std::string hops = "203.0.113.9";
  for (int i = 0; i < 1000; ++i) hops += ",10.0.0." + std::to_string(i % 250);
  EXPECT_THAT(x_forwarded_for(hops), testing::StartsWith("10.0.0."));
}

TEST(CountedPeer, IsTheNetworkOfAnIpv6AddressAndAnIpv4AddressItself) {
  EXPECT_EQ(counted_peer("203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(counted_peer("2001:db8:1:2:3:4:5:6"), counted_peer("2001:db8:1:2::"));
  EXPECT_NE(counted_peer("2001:db8:1:2::1"), counted_peer("2001:db8:1:3::1"));
  EXPECT_EQ(counted_peer("no address"), "no address");
}

TEST(CountedSite, IsTheSiteOfAnIpv6AddressAndNothingElse) {
  EXPECT_EQ(counted_site("2001:db8:1:2:3:4:5:6"), counted_site("2001:db8:1:ffff::"));
  EXPECT_NE(counted_site("2001:db8:1:2::1"), counted_site("2001:db8:2:2::1"));
  EXPECT_EQ(counted_site("203.0.113.9"), "");
  EXPECT_EQ(counted_site("no:address"), "");
}

}  // namespace
}  // namespace embergate::http
