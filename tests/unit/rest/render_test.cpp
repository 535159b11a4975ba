// SPDX-License-Identifier: Apache-2.0
#include "rest/render.hpp"

#include <gtest/gtest.h>

namespace embergate::rest {
namespace {

// The text holds what a caller wrote, and must not end the header.
TEST(Render, AWarningIsOneQuotedLineOfAscii) {
  EXPECT_EQ(warning("idle"), "199 - \"idle\"");
  EXPECT_EQ(warning("a\r\nSet-Cookie: b\t\x7f"), "199 - \"a??Set-Cookie: b??\"");
  EXPECT_EQ(warning("url \"x\\y\" \xc3\xa4"), "199 - \"url \\\"x\\\\y\\\" ??\"");
}

}  // namespace
}  // namespace embergate::rest
