// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/health.hpp"

#include <gtest/gtest.h>

namespace embergate::observability {
namespace {

TEST(HealthRegistry, RunsItsChecksByNameUntilTheyAreRemoved) {
  HealthRegistry registry;
  registry.add("uptime", [] { return HealthResult{HealthStatus::kPass, "system", 12, "s", ""}; });
  registry.add("db:responseTime", [] { return HealthResult{HealthStatus::kFail, "database", 0, "ms", "closed"}; });
  auto results = registry.run();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].first, "db:responseTime");
  EXPECT_EQ(results[0].second.status, HealthStatus::kFail);
  EXPECT_EQ(results[1].second.observed_value, 12);
  registry.remove("db:responseTime");
  EXPECT_EQ(registry.run().size(), 1U);
}

TEST(HealthRegistry, LetsACheckUseTheRegistry) {
  HealthRegistry registry;
  registry.add("self", [&registry] {
    registry.remove("self");
    return HealthResult{};
  });
  EXPECT_EQ(registry.run().size(), 1U);
  EXPECT_TRUE(registry.run().empty());
}

}  // namespace
}  // namespace embergate::observability
