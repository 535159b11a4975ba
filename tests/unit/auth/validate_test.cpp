// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "embergate/auth/authenticator.hpp"

namespace embergate::auth {
namespace {

std::vector<fhir::Issue> issues_of_resource(const std::string& text) {
  return validate(**fhir::Resource::parse(text), "x");
}

TEST(AccessRules, AcceptAClientAndALinkedPolicy) {
  EXPECT_TRUE(issues_of_resource(R"({"resourceType":"Client","grant_types":["basic"],"active":true})").empty());
  EXPECT_TRUE(
      issues_of_resource(R"({"resourceType":"AccessPolicy","engine":"allow","link":[{"reference":"Client/c"}]})")
          .empty());
  EXPECT_TRUE(issues_of_resource(
                  R"({"resourceType":"AccessPolicy","engine":"allow","link":[{"resourceType":"Client","id":"c"}]})")
                  .empty());
}

TEST(AccessRules, RefuseAPolicyThatWouldOpenEverything) {
  const auto issues = issues_of_resource(R"({"resourceType":"AccessPolicy","engine":"allow"})");
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].expression, "AccessPolicy.link");
}

TEST(AccessRules, NameTheEngineThatIsNotBuilt) {
  const auto issues =
      issues_of_resource(R"({"resourceType":"AccessPolicy","engine":"sql","link":[{"reference":"Client/c"}]})");
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].code, "not-supported");
}

TEST(AccessRules, RefuseLinksToAnythingButClients) {
  EXPECT_EQ(
      issues_of_resource(R"({"resourceType":"AccessPolicy","engine":"allow","link":[{"reference":"User/u"}]})").size(),
      1U);
}

TEST(AccessRules, RefuseUnknownGrantTypes) {
  const auto issues = issues_of_resource(R"({"resourceType":"Client","grant_types":["basic","magic"]})");
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].expression, "Client.grant_types[1]");
}

}  // namespace
}  // namespace embergate::auth
