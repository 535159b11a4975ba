// SPDX-License-Identifier: Apache-2.0
#include "rest/route.hpp"

#include <gtest/gtest.h>

namespace embergate::rest {
namespace {

RouteMatch match(std::string_view method, std::vector<std::string> segments) { return match_route(method, segments); }

TEST(Routes, FindTheOperationOfEveryUrl) {
  EXPECT_EQ(match("GET", {"health"}).operation, Operation::kHealth);
  EXPECT_TRUE(match("GET", {"health"}).open);
  EXPECT_EQ(match("POST", {"fhir"}).operation, Operation::kBundle);
  EXPECT_EQ(match("POST", {"fhir", ""}).operation, Operation::kBundle);
  EXPECT_EQ(match("POST", {"fhir", "Patient"}).operation, Operation::kCreate);
  EXPECT_EQ(match("GET", {"fhir", "Patient", "p1"}).operation, Operation::kRead);
  EXPECT_EQ(match("HEAD", {"fhir", "Patient", "p1"}).operation, Operation::kRead);
  EXPECT_EQ(match("PUT", {"fhir", "Patient", "p1"}).operation, Operation::kUpdate);
  EXPECT_EQ(match("DELETE", {"fhir", "Patient", "p1"}).operation, Operation::kDelete);
  EXPECT_EQ(match("GET", {"fhir", "Patient", "p1", "_history"}).operation, Operation::kHistory);
  const RouteMatch version = match("GET", {"fhir", "Patient", "p1", "_history", "7"});
  EXPECT_EQ(version.operation, Operation::kVread);
  EXPECT_EQ(version.type, "Patient");
  EXPECT_EQ(version.id, "p1");
  EXPECT_EQ(version.version, "7");
  EXPECT_EQ(match("GET", {"fhir", "AidboxTopicDestination", "d", "$status"}).operation, Operation::kDestinationStatus);
  EXPECT_EQ(match("POST", {"fhir", "AidboxSubscriptionTopic", "$dry-run"}).operation, Operation::kTopicDryRun);
  EXPECT_EQ(match("POST", {"AidboxSubscriptionTopic", "$dry-run"}).operation, Operation::kTopicDryRun);
  EXPECT_FALSE(match("POST", {"fhir", "AidboxSubscriptionTopic", "$dry-run"}).open);
}

TEST(Routes, TheServersOwnTypesAnswerWithoutThePrefixAndClinicalOnesDoNot) {
  EXPECT_TRUE(match("GET", {"Client", "c1"}).method_allowed);
  EXPECT_FALSE(match("GET", {"Patient", "p1"}).found);
}

TEST(Routes, UnknownTypesAndIdsThatAreNoneMatchNothing) {
  EXPECT_FALSE(match("GET", {"fhir", "Patiant", "p1"}).found);
  EXPECT_FALSE(match("GET", {"fhir", "patient", "p1"}).found);
  EXPECT_FALSE(match("GET", {"fhir", "Patient", "p 1"}).found);
  EXPECT_FALSE(match("GET", {"fhir", "", "p1"}).found);
  EXPECT_FALSE(match("GET", {""}).found);
}

TEST(Routes, HeldRowsAreListedReleasedAndDiscardedWithAndWithoutThePrefix) {
  for (const bool prefix : {true, false}) {
    const auto at = [prefix](std::string_view method, const std::string& operation) {
      std::vector<std::string> segments{"AidboxTopicDestination", "d", operation};
      if (prefix) segments.insert(segments.begin(), "fhir");
      const RouteMatch found = match(method, std::move(segments));
      EXPECT_TRUE(found.method_allowed) << operation;
      EXPECT_EQ(found.id, "d");
      return found.operation;
    };
    EXPECT_EQ(at("GET", "$waiting"), Operation::kDestinationWaiting);
    EXPECT_EQ(at("POST", "$waiting"), Operation::kDestinationWaiting);
    EXPECT_EQ(at("POST", "$release"), Operation::kDestinationRelease);
    EXPECT_EQ(at("POST", "$discard"), Operation::kDestinationDiscard);
  }
  EXPECT_FALSE(match("GET", {"fhir", "AidboxTopicDestination", "d", "$discard"}).method_allowed);
}

TEST(Routes, AnotherMethodIsNamedInAllow) {
  const RouteMatch patch = match("PATCH", {"fhir", "Patient", "p1"});
  EXPECT_TRUE(patch.found);
  EXPECT_FALSE(patch.method_allowed);
  EXPECT_EQ(patch.allow, "GET, PUT, DELETE");
}

TEST(Routes, SayWhichRightTheyNeed) {
  const auto right = [](std::string_view method, std::vector<std::string> segments) {
    const RouteMatch route = match(method, std::move(segments));
    return route.type + " " + std::string(route.interaction);
  };
  EXPECT_EQ(right("POST", {"fhir", "Patient"}), "Patient create");
  EXPECT_EQ(right("HEAD", {"fhir", "Patient", "p"}), "Patient read");
  EXPECT_EQ(right("PUT", {"Client", "c"}), "Client update");
  EXPECT_EQ(right("DELETE", {"fhir", "Patient", "p"}), "Patient delete");
  EXPECT_EQ(right("GET", {"fhir", "Patient", "p", "_history"}), "Patient history-instance");
  EXPECT_EQ(right("GET", {"fhir", "Patient", "p", "_history", "1"}), "Patient vread");
  EXPECT_EQ(right("GET", {"fhir", "AidboxTopicDestination", "d", "$status"}), "AidboxTopicDestination operation");
  EXPECT_EQ(right("GET", {"AidboxTopicDestination", "d", "$status"}), "AidboxTopicDestination operation");
  EXPECT_EQ(right("POST", {"fhir", "AidboxSubscriptionTopic", "$dry-run"}), "AidboxSubscriptionTopic operation");
  EXPECT_EQ(right("GET", {"$version"}), " operation");
  // Administrators only.
  EXPECT_EQ(right("GET", {"fhir", "$vault-status"}), " ");
  EXPECT_EQ(right("POST", {"$drop-cache"}), " ");
}

TEST(Routes, TheDryRunIsPostedToTopicsOnly) {
  const RouteMatch read = match("GET", {"fhir", "AidboxSubscriptionTopic", "$dry-run"});
  EXPECT_TRUE(read.found);
  EXPECT_FALSE(read.method_allowed);
  EXPECT_EQ(read.allow, "POST");
  EXPECT_FALSE(match("POST", {"fhir", "Patient", "$dry-run"}).found);
}

TEST(Routes, ADestinationOffersNoPut) {
  for (const char* method : {"PUT", "PATCH"}) {
    const RouteMatch refused = match(method, {"fhir", "AidboxTopicDestination", "d"});
    EXPECT_TRUE(refused.found);
    EXPECT_FALSE(refused.method_allowed);
    EXPECT_EQ(refused.allow, "GET, DELETE");
  }
}

}  // namespace
}  // namespace embergate::rest
