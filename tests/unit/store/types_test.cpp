// SPDX-License-Identifier: Apache-2.0
#include "embergate/store/types.hpp"

#include <gtest/gtest.h>

namespace embergate::store {
namespace {

TEST(Interaction, HasTheNameOfTheFhirInteraction) {
  EXPECT_EQ(to_string(Interaction::kCreate), "create");
  EXPECT_EQ(to_string(Interaction::kUpdate), "update");
  EXPECT_EQ(to_string(Interaction::kDelete), "delete");
}

}  // namespace
}  // namespace embergate::store
