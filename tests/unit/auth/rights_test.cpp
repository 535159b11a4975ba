// SPDX-License-Identifier: Apache-2.0
#include "embergate/auth/rights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "auth/grant.hpp"
#include "embergate/auth/authenticator.hpp"

namespace embergate::auth {
namespace {

using nlohmann::json;
using testing::HasSubstr;

fhir::ResourcePtr policy(const json& lists) {
  json body{{"resourceType", "AccessPolicy"}, {"engine", "allow"}, {"link", {{{"reference", "Client/c"}}}}};
  body.update(lists);
  return *fhir::Resource::parse(body.dump());
}

Rights rights(const std::vector<json>& policies) {
  Rights sum;
  for (const json& lists : policies) {
    if (auto grant = Grant::of(policy(lists)->root())) sum.add(std::make_shared<const Grant>(*std::move(grant)));
  }
  return sum;
}

std::vector<fhir::Issue> issues_of_policy(const json& lists) { return validate(*policy(lists), "p"); }

TEST(Rights, APolicyWithoutListsAllowsEverythingAndMakesAnAdministrator) {
  const Rights all = rights({json::object()});
  EXPECT_TRUE(all.are_unrestricted());
  for (const char* type : {"Patient", "Client", "AccessPolicy", "AidboxTopicDestination", ""}) {
    EXPECT_TRUE(all.allow("create", type)) << type;
    EXPECT_TRUE(all.allow("operation", type)) << type;
  }
}

TEST(Rights, NothingIsAllowedWithoutAPolicy) {
  EXPECT_TRUE(Rights().empty());
  EXPECT_FALSE(Rights().are_unrestricted());
  EXPECT_FALSE(Rights().allow("read", "Patient"));
}

TEST(Rights, TypesOfAPolicyAreAllThatItOpens) {
  const Rights clinical = rights({{{"resource_types", {"Patient", "Observation"}}}});
  EXPECT_FALSE(clinical.are_unrestricted());
  for (const char* interaction : {"read", "vread", "create", "update", "delete", "history-instance", "search-type"}) {
    EXPECT_TRUE(clinical.allow(interaction, "Patient")) << interaction;
    for (const char* type :
         {"Encounter", "Client", "AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination"})
      EXPECT_FALSE(clinical.allow(interaction, type)) << interaction << " " << type;
  }
  EXPECT_TRUE(clinical.allow("batch", ""));
  EXPECT_TRUE(clinical.allow("transaction", ""));
  EXPECT_FALSE(clinical.allow("operation", ""));
  EXPECT_FALSE(clinical.allow("operation", "AidboxTopicDestination"));
}

TEST(Rights, InteractionsAloneNeverOpenTheServersOwnTypes) {
  const Rights everything = rights({{{"interactions", {"read", "create", "update", "delete", "operation", "batch"}}}});
  EXPECT_TRUE(everything.allow("create", "Patient"));
  EXPECT_FALSE(everything.allow("history-instance", "Patient"));
  EXPECT_TRUE(everything.allow("batch", ""));
  EXPECT_FALSE(everything.allow("transaction", ""));
  for (const char* type : {"Client", "AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination"}) {
    EXPECT_FALSE(everything.allow("read", type)) << type;
    EXPECT_FALSE(everything.allow("operation", type)) << type;
  }
}

TEST(Rights, AnOwnTypeAndItsOperationsNeedToBeNamed) {
  const Rights operators =
      rights({{{"resource_types", {"AidboxTopicDestination"}}, {"interactions", {"read", "operation"}}}});
  EXPECT_TRUE(operators.allow("operation", "AidboxTopicDestination"));
  EXPECT_TRUE(operators.allow("read", "AidboxTopicDestination"));
  EXPECT_FALSE(operators.allow("create", "AidboxTopicDestination"));
  EXPECT_FALSE(operators.allow("operation", "AidboxSubscriptionTopic"));
  EXPECT_FALSE(operators.are_unrestricted());
}

TEST(Rights, PoliciesAddUpAndNeverMix) {
  const Rights two = rights({{{"resource_types", {"Patient"}}, {"interactions", {"create"}}},
                             {{"resource_types", {"Encounter"}}, {"interactions", {"history"}}}});
  EXPECT_TRUE(two.allow("create", "Patient"));
  EXPECT_TRUE(two.allow("history-instance", "Encounter"));
  EXPECT_FALSE(two.allow("create", "Encounter"));
  EXPECT_FALSE(two.allow("history-instance", "Patient"));
}

// Stored before there were lists, or beside the validation: what cannot be understood must not open anything.
TEST(Rights, AListThatCannotBeUnderstoodGrantsNothing) {
  for (const json& lists : std::vector<json>{{{"resource_types", json::array()}},
                                             {{"resource_types", "Patient"}},
                                             {{"resource_types", {1}}},
                                             {{"resource_types", nullptr}},
                                             {{"interactions", json::array()}},
                                             {{"interactions", {{"a", 1}}}},
                                             {{"interactions", {"raed"}}}}) {
    EXPECT_FALSE(rights({lists}).allow("read", "Patient")) << lists;
    EXPECT_FALSE(rights({lists}).are_unrestricted()) << lists;
  }
}

TEST(Rights, UnknownNamesInAPolicyAreRefusedWithTheNearest) {
  const auto type = issues_of_policy({{"resource_types", {"Patient", "Encunter"}}});
  ASSERT_EQ(type.size(), 1U);
  EXPECT_EQ(type[0].expression, "AccessPolicy.resource_types[1]");
  EXPECT_THAT(type[0].diagnostics, HasSubstr("\"Encounter\""));
  const auto own = issues_of_policy({{"resource_types", {"Cliemt"}}});
  ASSERT_EQ(own.size(), 1U);
  EXPECT_THAT(own[0].diagnostics, HasSubstr("\"Client\""));
  const auto interaction = issues_of_policy({{"interactions", {"raed"}}});
  ASSERT_EQ(interaction.size(), 1U);
  EXPECT_EQ(interaction[0].expression, "AccessPolicy.interactions[0]");
  EXPECT_THAT(interaction[0].diagnostics, HasSubstr("\"read\""));
  EXPECT_TRUE(
      issues_of_policy({{"resource_types", {"Patient", "AidboxTopicDestination"}}, {"interactions", {"search"}}})
          .empty());
}

TEST(Rights, AnEmptyListAndOneThatIsNoneAreRefused) {
  for (const char* name : {"resource_types", "interactions"}) {
    for (const json& value : std::vector<json>{json::array(), "read", 1, nullptr, {1}, {{{"a", 1}}}}) {
      const auto issues = issues_of_policy({{name, value}});
      ASSERT_EQ(issues.size(), 1U) << name << " " << value;
      EXPECT_EQ(issues[0].expression, std::string("AccessPolicy.") + name);
    }
  }
}

// It would be stored, ignored, and the policy open.
TEST(Rights, AMisspeltListIsRefusedAndNotIgnored) {
  for (const char* name : {"resource_type", "resourceTypes", "Resource_Types", "resorce_types", "interaction",
                           "Interactions", "_interactions", "_resource_types"}) {
    const auto issues = issues_of_policy({{name, {"Patient"}}});
    ASSERT_EQ(issues.size(), 1U) << name;
    EXPECT_EQ(issues[0].expression, std::string("AccessPolicy.") + name);
  }
  EXPECT_TRUE(issues_of_policy({{"description", "feed"}, {"meta", json::object()}}).empty());
}

TEST(Rights, ADenialNamesWhatIsMissing) {
  Principal feed{Principal::Kind::kClient, "feed",
                 std::make_shared<const Rights>(rights({{{"resource_types", {"Patient"}}}}))};
  EXPECT_TRUE(authorize(feed, "create", "Patient"));
  const auto denied = authorize(feed, "create", "Client");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, core::ErrorCode::kForbidden);
  EXPECT_THAT(denied.error().diagnostics, HasSubstr("\"create\" on Client"));
  EXPECT_TRUE(authorize_any(feed));
  EXPECT_EQ(authorize_administrator(feed).error().code, core::ErrorCode::kForbidden);
  EXPECT_EQ(authorize(Principal{}, "read", "Patient").error().code, core::ErrorCode::kUnauthenticated);
}

}  // namespace
}  // namespace embergate::auth
