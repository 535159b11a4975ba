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

TEST(Nearest, HoldsNamesThatDifferOverALongPartForLikeNothing) {
  const std::string name(65, 'a');
  const std::string other = "b" + std::string(65, 'c') + "b";
  Nearest far(name, 100);
  far.offer(other);
  EXPECT_EQ(far.name(), "");
}

TEST(Nearest, ComparesLongUrlsThatBeginAndEndAlike) {
  const std::string begin = "https://integration.example.org/fhir/messaging/subscription-topics/";
  const std::string orders = begin + "orders/v1";
  const std::string patients = begin + "patients/v1";
  const std::string wanted = begin + "pateints/v1";
  Nearest nearest(wanted, 5);
  for (const std::string* known : {&orders, &patients}) nearest.offer(*known);
  EXPECT_EQ(nearest.name(), patients);
}

}  // namespace
