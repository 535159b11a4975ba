// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Written {
  std::string text;
  bool body;
};

Written write(const Response& response, const ResponseFrame& frame = {}) {
  Written written;
  written.body = write_response_head(response, frame, written.text);
  return written;
}

TEST(ResponseHead, CarriesTheFieldsThatAreTheServersOwn) {
  const auto written = write({201, {{"ETag", "W/\"1\""}}, "hello"});
  EXPECT_TRUE(written.body);
  EXPECT_THAT(written.text, StartsWith("HTTP/1.1 201 Created\r\nETag: W/\"1\"\r\n"));
  EXPECT_THAT(written.text, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(written.text, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(written.text, testing::ContainsRegex("Date: [A-Z][a-z][a-z], [0-9][0-9] .* GMT"));
  EXPECT_THAT(written.text, Not(HasSubstr("Connection")));
  EXPECT_THAT(written.text, testing::EndsWith("\r\n\r\n"));
}

TEST(ResponseHead, IsTheSameForHeadButWithoutBody) {
  const Response response{200, {}, "hello"};
  const auto get = write(response);
  const auto head = write(response, {.to_head = true});
  EXPECT_EQ(get.text, head.text);
  EXPECT_FALSE(head.body);
}

TEST(ResponseHead, HasNoLengthWhereNoBodyCanBe) {
  for (const int status : {204, 304}) {
    const auto written = write({status, {}, "ignored"});
    EXPECT_FALSE(written.body);
    EXPECT_THAT(written.text, Not(HasSubstr("Content-Length")));
  }
}

TEST(ResponseHead, SaysWhetherTheConnectionStays) {
  EXPECT_THAT(write({}, {.keep_alive = false}).text, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(write({}, {.keep_alive = true, .version_1_1 = false}).text, HasSubstr("\r\nConnection: keep-alive\r\n"));
}

TEST(ResponseHead, IgnoresFramingFieldsOfTheHandler) {
  const auto written =
      write({200, {{"content-length", "99"}, {"Transfer-Encoding", "chunked"}, {"Connection", "x"}}, "a"});
  EXPECT_THAT(written.text, Not(HasSubstr("99")));
  EXPECT_THAT(written.text, Not(HasSubstr("chunked")));
  EXPECT_THAT(written.text, HasSubstr("Content-Length: 1\r\n"));
}

TEST(ResponseHead, TurnsAFieldThatWouldSplitTheResponseInto500) {
  for (const Header& bad : {Header{"X", "a\r\nSet-Cookie: b"}, Header{"X", "a\nb"}, Header{"X: y", "a"},
                            Header{"", "a"}, Header{"X", std::string("a\0b", 3)}}) {
    const auto written = write({200, {bad}, "body"});
    EXPECT_THAT(written.text, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(written.text, Not(HasSubstr("Set-Cookie")));
    EXPECT_THAT(written.text, HasSubstr("Content-Length: 0\r\n"));
    EXPECT_FALSE(written.body);
  }
}

TEST(ResponseHead, TurnsAnImpossibleStatusInto500) {
  for (const int status : {0, 101, 600, -1}) EXPECT_THAT(write({status, {}, "a"}).text, StartsWith("HTTP/1.1 500 "));
}

}  // namespace
}  // namespace embergate::http
