// SPDX-License-Identifier: Apache-2.0
#include "auth/throttle.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace embergate::auth {
namespace {

using std::chrono::seconds;

TEST(Throttle, BlocksAfterTheLimitAndForgetsAfterAMinute) {
  test::FakeClock clock;
  Throttle throttle(3, 100, clock);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(throttle.blocked("c\n1.2.3.4"));
    throttle.failed("c\n1.2.3.4");
  }
  EXPECT_TRUE(throttle.blocked("c\n1.2.3.4"));
  EXPECT_FALSE(throttle.blocked("c\n5.6.7.8")) << "the client elsewhere is not locked out";
  clock.advance(seconds(60));
  EXPECT_FALSE(throttle.blocked("c\n1.2.3.4"));
}

TEST(Throttle, ASuccessStartsAfresh) {
  test::FakeClock clock;
  Throttle throttle(2, 100, clock);
  throttle.failed("k");
  throttle.succeeded("k");
  throttle.failed("k");
  EXPECT_FALSE(throttle.blocked("k"));
}

TEST(Throttle, RemembersNoMoreThanItsBound) {
  test::FakeClock clock;
  Throttle throttle(1, 2, clock);
  throttle.failed("a");
  throttle.failed("b");
  throttle.failed("c");
  EXPECT_FALSE(throttle.blocked("a"));
  EXPECT_TRUE(throttle.blocked("c"));
}

}  // namespace
}  // namespace embergate::auth
