// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/reference.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace embergate::fhir {
namespace {

using Kind = Reference::Kind;

TEST(References, AreToldApart) {
  const auto kind = [](std::string_view text) { return parse_reference(text, "http://h:8080/fhir").kind; };
  EXPECT_EQ(kind("Patient/p1"), Kind::kLocal);
  EXPECT_EQ(kind("http://h:8080/fhir/Patient/p1"), Kind::kLocal);
  EXPECT_EQ(kind("http://h:8080/fhirx/Patient/p1"), Kind::kAbsolute);
  EXPECT_EQ(kind("http://other/fhir/Patient/p1"), Kind::kAbsolute);
  EXPECT_EQ(kind("https://other/Patient?x=1"), Kind::kAbsolute);
  EXPECT_EQ(kind("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"), Kind::kUrn);
  EXPECT_EQ(kind("urn:oid:1.2"), Kind::kUrn);
  EXPECT_EQ(kind("#org"), Kind::kContained);
  EXPECT_EQ(kind("#"), Kind::kContained);
  EXPECT_EQ(kind("Patient?identifier=http://s|1"), Kind::kConditional);
  EXPECT_EQ(kind("Patent/p1"), Kind::kOther);
  EXPECT_EQ(kind("Patient/a b"), Kind::kOther);
  EXPECT_EQ(kind("Patient/"), Kind::kOther);
  EXPECT_EQ(kind("Patient"), Kind::kOther);
  EXPECT_EQ(kind("Patient/p1/_history/"), Kind::kOther);
  EXPECT_EQ(kind("Patient/p1/x"), Kind::kOther);
  EXPECT_EQ(kind("/Patient/p1"), Kind::kOther);
  EXPECT_EQ(kind(""), Kind::kOther);
  EXPECT_EQ(kind("http://h:8080/fhir"), Kind::kAbsolute);
}

TEST(References, GiveTheirParts) {
  const auto version = parse_reference("Patient/p1/_history/3");
  EXPECT_EQ(version.kind, Kind::kLocal);
  EXPECT_EQ(version.type, "Patient");
  EXPECT_EQ(version.id, "p1");
  EXPECT_EQ(version.version, "3");
  const auto conditional = parse_reference("Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|99");
  EXPECT_EQ(conditional.type, "Practitioner");
  EXPECT_EQ(conditional.query, "identifier=http://hl7.org/fhir/sid/us-npi|99");
}

TEST(References, AreVisitedInTheOrderOfTheText) {
  const auto resource = *Resource::parse(
      R"({"resourceType":"Observation","subject":{"reference":"Patient/1"},"x":["reference"],"performer":[{"reference":"Practitioner/2"},)"
      R"({"reference":{"reference":"Organization/3"}},{"reference":4}]})");
  std::vector<std::string> seen;
  for_each_reference(resource->root(),
                     [&](Node node) { seen.push_back(path_of(node) + "=" + std::string(node.string())); });
  EXPECT_EQ(seen, (std::vector<std::string>{"Observation.subject.reference=Patient/1",
                                            "Observation.performer[0].reference=Practitioner/2",
                                            "Observation.performer[1].reference.reference=Organization/3"}));
  seen.clear();
  for_each_reference(resource->root().member("performer").at(0), [&](Node node) { seen.emplace_back(node.string()); });
  EXPECT_EQ(seen, std::vector<std::string>{"Practitioner/2"});
  for_each_reference({}, [&](Node) { ADD_FAILURE(); });
}

TEST(References, NamePlacesInTheTree) {
  const auto resource =
      *Resource::parse(R"({"resourceType":"Patient","contact":[{},{"organization":{"reference":"x"}}]})");
  const Node contact = resource->root().member("contact").at(1);
  EXPECT_EQ(path_of(contact.member("organization").member("reference")), "Patient.contact[1].organization.reference");
  EXPECT_EQ(path_of(contact), "Patient.contact[1]");
  EXPECT_EQ(path_of(resource->root()), "Patient");
  EXPECT_EQ(path_of({}), "");
}

TEST(ResourceTypes, AreThoseOfR4AndTheServersOwn) {
  EXPECT_TRUE(is_resource_type("Patient"));
  EXPECT_TRUE(is_resource_type("Binary"));
  EXPECT_TRUE(is_resource_type("AidboxSubscriptionTopic"));
  EXPECT_FALSE(is_resource_type("Resource"));
  EXPECT_FALSE(is_resource_type("HumanName"));
  EXPECT_FALSE(is_resource_type("Patient.contact"));
  EXPECT_FALSE(is_resource_type("string"));
  EXPECT_FALSE(is_resource_type(""));
  EXPECT_FALSE(is_system_type("Patient"));
  for (const char* name : {"AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination", "Client",
                           "IdentityProvider", "Role", "Session", "TokenIntrospector", "User"}) {
    EXPECT_TRUE(is_system_type(name)) << name;
  }
}

TEST(ResourceIds, AreShortAndOfFewCharacters) {
  EXPECT_TRUE(is_valid_id("a-B.9"));
  EXPECT_TRUE(is_valid_id(std::string(64, 'a')));
  EXPECT_FALSE(is_valid_id(std::string(65, 'a')));
  for (const char* id : {"", "a_b", "a/b", "a b", "a%2e", "\xc3\xa9"}) EXPECT_FALSE(is_valid_id(id)) << id;
}

// A request for them arrives as one for the type, or for all.
TEST(Ids, ThatAUrlCannotCarryAreRefused) {
  for (const char* id : {".", ".."}) EXPECT_FALSE(is_valid_id(id)) << id;
  for (const char* id : {"...", ".a", "a.", "-"}) EXPECT_TRUE(is_valid_id(id)) << id;
}

}  // namespace
}  // namespace embergate::fhir
