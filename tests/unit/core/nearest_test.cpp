// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/nearest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using embergate::core::Nearest;

TEST(Nearest, GivesTheNameWithTheFewestChanges) {
  Nearest nearest("birthdate", 3);
  for (const char* known : {"birthPlace", "birthDate", "deceased"}) nearest.offer(known);
  EXPECT_EQ(nearest.name(), "birthDate");
}

TEST(Nearest, GivesTheFirstOfEqualOnes) {
  Nearest nearest("nane", 2);
  for (const char* known : {"name", "nave"}) nearest.offer(known);
  EXPECT_EQ(nearest.name(), "name");
}

TEST(Nearest, GivesNothingThatIsTooFarAway) {
  Nearest nearest("telecom", 2);
  for (const char* known : {"address", "photo"}) nearest.offer(known);
  EXPECT_EQ(nearest.name(), "");
}

TEST(Nearest, HoldsLongNamesForLikeNothing) {
  const std::string name(65, 'a');
  Nearest nearest(name, 3);
  nearest.offer(name);
  EXPECT_EQ(nearest.name(), "");
}

}  // namespace
