// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "embergate/http/server.hpp"

namespace embergate::http {
namespace {

TEST(Request, FindsTheFirstHeaderWithoutRegardToCase) {
  Request request;
  request.headers = {{"Accept", "a"}, {"accept", "b"}};
  EXPECT_EQ(request.header("ACCEPT"), "a");
  EXPECT_EQ(request.header("Accept-Language"), "");
}

TEST(Request, KnowsWhetherABodyFollows) {
  Request request;
  EXPECT_FALSE(request.has_body());
  request.headers = {{"Content-Length", "00"}};
  EXPECT_FALSE(request.has_body());
  request.headers = {{"Content-Length", "10"}};
  EXPECT_TRUE(request.has_body());
  request.headers = {{"Transfer-Encoding", "chunked"}};
  EXPECT_TRUE(request.has_body());
}

}  // namespace
}  // namespace embergate::http
