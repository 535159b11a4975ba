// SPDX-License-Identifier: Apache-2.0
#include "vault/expiry_watch.hpp"

#include <gtest/gtest.h>

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

TEST(ExpiryWatch, SpeaksOnceAtEachMark) {
  ExpiryWatch watch;
  const auto name = *make_secret_name("crt");
  const core::SystemTime end{1'800'000'000s};
  EXPECT_EQ(watch.passed(name, end, end - 24h * 40), std::nullopt);
  EXPECT_EQ(watch.passed(name, end, end - 24h * 30), 30);
  EXPECT_EQ(watch.passed(name, end, end - 24h * 29), std::nullopt);
  EXPECT_EQ(watch.passed(name, end, end - 24h * 7), 7);
  EXPECT_EQ(watch.passed(name, end, end - 25h), std::nullopt);
  EXPECT_EQ(watch.passed(name, end, end - 24h), 1);
  EXPECT_EQ(watch.passed(name, end, end), 0);
  EXPECT_EQ(watch.passed(name, end, end + 24h), std::nullopt);
  EXPECT_EQ(watch.passed(name, end, end - 24h * 7), std::nullopt);  // a clock that was put back
}

TEST(ExpiryWatch, StartsAnewWithANewCertificate) {
  ExpiryWatch watch;
  const core::SystemTime end{1'800'000'000s};
  EXPECT_EQ(watch.passed(*make_secret_name("a"), end, end - 12h), 1);  // the nearest mark alone
  EXPECT_EQ(watch.passed(*make_secret_name("b"), end, end - 12h), 1);
  EXPECT_EQ(watch.passed(*make_secret_name("a"), end + 24h * 90, end - 12h), std::nullopt);
  EXPECT_EQ(watch.passed(*make_secret_name("a"), end + 24h * 90, end + 24h * 61), 30);
}

}  // namespace
}  // namespace embergate::vault
