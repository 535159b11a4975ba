// SPDX-License-Identifier: Apache-2.0
// What resolve() finds within a Bundle (FHIR R4 bundle.html#references).
#include <gtest/gtest.h>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

// The birth dates of what the references of a Bundle's observations lead to.
std::string born(std::string_view bundle, std::string_view path = "entry.resource.ofType(Observation).subject") {
  return evaluate(std::string(path) + ".resolve().ofType(Patient).birthDate", resource(bundle).get());
}

std::string patient(std::string_view born_in, std::string_view version = {}) {
  const std::string meta = version.empty() ? "" : R"("meta":{"versionId":")" + std::string(version) + R"("},)";
  return R"({"resourceType":"Patient","id":"123",)" + meta + R"("birthDate":")" + std::string(born_in) + R"("})";
}

std::string observation(std::string_view reference) {
  return R"({"resourceType":"Observation","id":"o","subject":{"reference":")" + std::string(reference) + R"("}})";
}

std::string entry(std::string_view full_url, std::string_view json) {
  const std::string address = full_url.empty() ? "" : R"("fullUrl":")" + std::string(full_url) + R"(",)";
  return "{" + address + R"("resource":)" + std::string(json) + "}";
}

std::string bundle(std::initializer_list<std::string> entries) {
  std::string list;
  for (const std::string& one : entries) list += (list.empty() ? "" : ",") + one;
  return R"({"resourceType":"Bundle","type":"collection","entry":[)" + list + "]}";
}

constexpr std::string_view kHere = "http://ehr.example/fhir/Patient/123";
constexpr std::string_view kOther = "http://other.example/fhir/Patient/123";
constexpr std::string_view kObservation = "http://ehr.example/fhir/Observation/o";

TEST(Resolve, Fp15_ARelativeReferenceBelongsToTheServerOfTheEntryThatHoldsIt) {
  const std::string other = entry(kOther, patient("1900"));
  const std::string here = entry(kHere, patient("2000"));
  const std::string holder = entry(kObservation, observation("Patient/123"));
  EXPECT_EQ(born(bundle({other, holder, here})), "date:\"2000\"");
  EXPECT_EQ(born(bundle({here, holder, other})), "date:\"2000\"");
  EXPECT_EQ(born(bundle({other, holder})), "") << "of another server";
  EXPECT_EQ(born(bundle({entry("urn:uuid:1", patient("1900")), holder})), "") << "of no server";
  EXPECT_EQ(born(bundle({entry("http://x.ehr.example/fhir/Patient/123", patient("1900")), holder})), "");
  EXPECT_EQ(born(bundle({entry("http://ehr.example/fhir/a/Patient/123", patient("1900")), holder})), "");
  EXPECT_EQ(born(bundle({here, entry("https://ehr.example/fhir/Observation/o", observation("Patient/123"))})), "");
}

TEST(Resolve, Fp15_AVersionIsThatOfTheResourceAndNotOfTheAddress) {
  const std::string first = entry(kHere, patient("2001", "1"));
  const std::string second = entry(kHere, patient("2002", "2"));
  for (const std::string reference : {"Patient/123/_history/2", "http://ehr.example/fhir/Patient/123/_history/2"})
    EXPECT_EQ(born(bundle({first, entry(kObservation, observation(reference)), second})), "date:\"2002\"") << reference;
  EXPECT_EQ(born(bundle({first, second, entry(kObservation, observation("Patient/123/_history/3"))})), "");
  EXPECT_EQ(born(bundle({entry(kHere, patient("2000")), entry(kObservation, observation("Patient/123/_history/2"))})),
            "");
  EXPECT_EQ(born(bundle({second, entry(std::string(kObservation) + "/_history/7", observation("Patient/123"))})),
            "date:\"2002\"");
  EXPECT_EQ(born(bundle({first, second, entry("urn:uuid:o", observation("Patient/123/_history/2"))})), "date:\"2002\"");
}

TEST(Resolve, Fp15_AnAbsoluteReferenceIsTheWholeFullUrl) {
  const std::string other = entry(kOther, patient("1900"));
  const std::string here = entry(kHere, patient("2000"));
  EXPECT_EQ(born(bundle({other, here, entry(kObservation, observation(kHere))})), "date:\"2000\"");
  EXPECT_EQ(born(bundle({other, here, entry("", observation(kOther))})), "date:\"1900\"");
  EXPECT_EQ(born(bundle({other, entry("", observation(kHere))})), "");
  EXPECT_EQ(born(bundle({entry("urn:uuid:1", patient("2000")), entry("urn:uuid:2", observation("urn:uuid:1"))})),
            "date:\"2000\"");
  EXPECT_EQ(born(bundle({entry("urn:uuid:11", patient("2000")), entry("urn:uuid:2", observation("urn:uuid:1"))})), "");
}

// R4 gives such a reference no meaning; type and id say enough where only one entry has them.
TEST(Resolve, Fp15_WithoutARootTypeAndIdMustNameOneEntry) {
  const std::string holder = entry("urn:uuid:o", observation("Patient/123"));
  EXPECT_EQ(born(bundle({entry("urn:uuid:1", patient("2000")), holder})), "date:\"2000\"");
  EXPECT_EQ(born(bundle({entry(kHere, patient("2000")), holder})), "date:\"2000\"");
  EXPECT_EQ(born(bundle({entry("", patient("2000")), entry("", observation("Patient/123"))})), "date:\"2000\"");
  EXPECT_EQ(born(bundle({entry(kHere, patient("2000")), entry(kOther, patient("1900")), holder})), "");
}

TEST(Resolve, Fp15_ContainedResourcesAreThoseOfTheEntrysOwnResource) {
  const auto with_contained = [](std::string_view born_in, std::string_view reference) {
    return R"({"resourceType":"Observation","subject":{"reference":")" + std::string(reference) +
           R"("},"contained":[{"resourceType":"Patient","id":"p","birthDate":")" + std::string(born_in) +
           R"("},{"resourceType":"RelatedPerson","id":"r","patient":{"reference":"#p"}},
             {"resourceType":"RelatedPerson","id":"s","patient":{"reference":"Patient/123"}}]})";
  };
  const std::string json = bundle({entry(kOther, patient("1900")),
                                   entry("http://other.example/fhir/Observation/1", with_contained("2001", "#p")),
                                   entry(kHere, patient("2000")), entry(kObservation, with_contained("2002", "#p"))});
  EXPECT_EQ(born(json), "date:\"2001\" date:\"2002\"");
  EXPECT_EQ(born(json, "entry.resource.contained.ofType(RelatedPerson).where(id = 'r').patient"),
            "date:\"2001\" date:\"2002\"");
  EXPECT_EQ(born(json, "entry.resource.contained.ofType(RelatedPerson).where(id = 's').patient"),
            "date:\"1900\" date:\"2000\"");
}

TEST(Resolve, Fp15_ABundleWithinABundleIsLookedThroughFirst) {
  const std::string holder = entry(kObservation, observation("Patient/123"));
  const std::string inner = bundle({entry(kOther, patient("1900")), holder, entry(kHere, patient("2000"))});
  const std::string path = "entry.resource.ofType(Bundle).entry.resource.ofType(Observation).subject";
  EXPECT_EQ(born(bundle({entry(kHere, patient("2009")), entry("urn:uuid:b", inner)}), path), "date:\"2000\"");
  EXPECT_EQ(born(bundle({entry(kOther, patient("1900")), entry(kHere, patient("2009")),
                         entry("http://other.example/fhir/Bundle/b", bundle({holder}))}),
                 path),
            "date:\"2009\"");
  EXPECT_EQ(born(bundle({entry(kOther, patient("1900")), entry(kHere, patient("2009")),
                         entry("http://ehr.example/fhir/Bundle/b", bundle({entry("", observation("Patient/123"))}))}),
                 path),
            "date:\"2009\"");
  const std::string parameters = R"({"resourceType":"Parameters","parameter":[{"name":"b","resource":)" + inner + "}]}";
  EXPECT_EQ(born(parameters, "parameter.resource.entry.resource.ofType(Observation).subject"), "date:\"2000\"");
}

TEST(Resolve, TellsTheTypeOfAReferenceWithAVersionAndOfAUrnWithinTheBundle) {
  const std::string json = bundle({entry("urn:uuid:1", patient("2000")), entry("urn:uuid:2", observation("urn:uuid:1")),
                                   entry("urn:uuid:3", observation("http://x.example/fhir/Patient/1/_history/2")),
                                   entry("urn:uuid:4", observation("urn:uuid:9"))});
  EXPECT_EQ(evaluate("entry.resource.ofType(Observation).select(subject.resolve() is Patient)", resource(json).get()),
            "Boolean:true Boolean:true");
}

}  // namespace
}  // namespace embergate::fhirpath::test
