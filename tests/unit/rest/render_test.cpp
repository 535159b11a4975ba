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

TEST(Render, TellsHowLongToWaitWhereItIsKnown) {
  const auto wait_of = [](core::ErrorCode code, int known) {
    std::string wait;
    for (const http::Header& one : render_error(core::make_error(code, "t"), std::chrono::seconds(known)).headers)
      wait += one.name == "Retry-After" ? one.value : "";
    return wait;
  };
  EXPECT_EQ(wait_of(core::ErrorCode::kThrottled, 43), "43");
  EXPECT_EQ(wait_of(core::ErrorCode::kThrottled, 0), "10");
  EXPECT_EQ(wait_of(core::ErrorCode::kUnavailable, 0), "1");
  EXPECT_EQ(wait_of(core::ErrorCode::kInvalid, 43), "");
}

}  // namespace
}  // namespace embergate::rest
