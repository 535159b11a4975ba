// SPDX-License-Identifier: Apache-2.0
// What every end-to-end test begins and ends with: a world of its own, the program at log level trace, and at the end a
// search for secrets in all that it wrote and said (AL-01).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/eventually.hpp"
#include "support/gateway_world.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::test {

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    world.gateway().set("BOX_OBSERVABILITY_STDOUT_LOG_LEVEL", "trace");
    // Rotation tests need not wait for the defaults.
    world.gateway().set("BOX_VAULT_POLL_MS", "200");
    world.gateway().set("BOX_VAULT_QUIET_MS", "50");
  }

  void TearDown() override {
    world.remember_process();
    if (world.gateway().running()) {
      const auto code = world.gateway().terminate();
      EXPECT_TRUE(code.has_value()) << "the gateway did not end on SIGTERM";
      EXPECT_EQ(code.value_or(0), 0) << world.gateway().error_output();
    }
    EXPECT_THAT(world.leaks(), testing::IsEmpty());
  }

  GatewayWorld world;
};

}  // namespace embergate::test
