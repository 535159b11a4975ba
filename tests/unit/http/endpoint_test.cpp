// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "embergate/http/url.hpp"

namespace embergate::http {
namespace {

TEST(Endpoint, IsTakenApart) {
  const auto endpoint = parse_endpoint("HTTPS://Idp.Example:8443/realms/x/token?a=b");
  ASSERT_TRUE(endpoint);
  EXPECT_TRUE(endpoint->secure);
  EXPECT_EQ(endpoint->host, "idp.example");
  EXPECT_EQ(endpoint->port, 8443);
  EXPECT_EQ(endpoint->target, "/realms/x/token?a=b");
  EXPECT_EQ(endpoint->authority(), "idp.example:8443");
}

TEST(Endpoint, HasThePortOfItsSchemeAndARootPath) {
  const auto endpoint = parse_endpoint("http://localhost");
  ASSERT_TRUE(endpoint);
  EXPECT_FALSE(endpoint->secure);
  EXPECT_EQ(endpoint->port, 80);
  EXPECT_EQ(endpoint->target, "/");
  EXPECT_EQ(endpoint->authority(), "localhost");
  const auto query = parse_endpoint("https://localhost?x=1");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->target, "/?x=1");
}

TEST(Endpoint, KnowsIpv6Addresses) {
  const auto endpoint = parse_endpoint("http://[::1]:9000/x");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "::1");
  EXPECT_EQ(endpoint->authority(), "[::1]:9000");
}

TEST(Endpoint, LosesTheDotAtItsEnd) {
  const auto endpoint = parse_endpoint("https://idp.example./");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "idp.example");
}

TEST(Endpoint, RefusesWhatTwoReadersMightReadDifferently) {
  for (const char* url : {"",
                          "localhost",
                          "//localhost/x",
                          "ftp://localhost/",
                          "file:///etc/passwd",
                          "gopher://x/",
                          "unix:/x",
                          "https://good@evil/",
                          "https://good:pw@evil/",
                          "https://evil\\@good/",
                          "https://evil/\\x",
                          "https://a b/",
                          "https://h/x y",
                          "https://h/x#y",
                          "https://h#y",
                          "https:///x",
                          "https://:443/",
                          "https://h:/",
                          "https://h:0/",
                          "https://h:65536/",
                          "https://h:44a/",
                          "https://h:+44/",
                          "https://\xC3\xA9.example/",
                          "https://a..b/",
                          "https://.a/",
                          "https://[::1/",
                          "https://[]/",
                          "https://[::1]x/",
                          "https://h/\r\nX: y",
                          "https://h%2e/"}) {
    EXPECT_FALSE(parse_endpoint(url)) << url;
  }
}

}  // namespace
}  // namespace embergate::http
