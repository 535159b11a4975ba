// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/validate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include "support/gzip_lines.hpp"

namespace embergate::fhir {
namespace {

const std::filesystem::path kData = std::filesystem::path(EMBERGATE_SOURCE_DIR) / "tests" / "data";

std::string issues_of(const std::string& text, std::string_view type = {}) {
  auto resource = Resource::parse(text);
  if (!resource) return resource.error().diagnostics;
  std::string all;
  for (const Issue& issue : check_shape(**resource, type)) {
    if (!all.empty()) all += '\n';
    all += issue.diagnostics;
  }
  return all;
}

TEST(Shape, AcceptsEveryPublishedExample) {
  const auto lines = test::read_gzip_lines(kData / "fhir-r4-examples" / "examples.ndjson.gz");
  ASSERT_EQ(lines.size(), 470U);
  for (const std::string& line : lines) EXPECT_EQ(issues_of(line), "") << line.substr(0, 80);
}

TEST(Shape, AcceptsEverySyntheaBundle) {
  for (const char* name :
       {"p1-elder-cardiac", "p2-child-allergy", "p3-deceased-male", "p4-child", "p5-notes-provenance"}) {
    const std::string text = test::read_gzip(kData / "synthea" / (std::string(name) + ".json.gz"));
    ASSERT_GT(text.size(), 1000000U);
    EXPECT_EQ(issues_of(text, "Bundle"), "") << name;
  }
}

// Ten states of these generated events break a rule of FHIR: an emptied list was left behind, or a second abatement was
// added.
TEST(Shape, AcceptsTheStatesOfChangeEventsButForKnownFaults) {
  const auto lines = test::read_gzip_lines(kData / "events" / "events.ndjson.gz");
  ASSERT_EQ(lines.size(), 2005U);
  std::map<std::string, int> faults;
  for (const std::string& line : lines) {
    const auto event = Resource::parse(line);
    ASSERT_TRUE(event);
    for (const char* state : {"previous", "current"}) {
      const Node resource = (*event)->root().member(state);
      if (!resource.is_object()) continue;
      const std::string_view type = (*event)->root().member("resource").string();
      for (const Issue& issue : check_shape(resource, type, {})) ++faults[issue.diagnostics];
    }
  }
  const std::map<std::string, int> known{
      {"Patient.identifier: a list must not be empty; leave the element out", 9},
      {"Condition.abatementDateTime: only one type may be given for abatement[x]", 1},
  };
  EXPECT_EQ(faults, known);
}

// HL7 wrote explanationofbenefit-example for one expression and left out what R4 requires.
TEST(Shape, AcceptsTheInputsOfTheFhirPathSuiteButForOneThatIsIncomplete) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kData / "fhirpath" / "input")) {
    const std::string issues = issues_of(test::read_gzip(entry.path()));
    if (entry.path().stem() == "explanationofbenefit-example") {
      EXPECT_TRUE(issues.starts_with("ExplanationOfBenefit.item[0].productOrService: productOrService is required"))
          << issues;
    } else {
      EXPECT_EQ(issues, "") << entry.path();
    }
    ++count;
  }
  EXPECT_EQ(count, 11U);
}

struct Case {
  const char* text;
  const char* issues;
};

TEST(Shape, NamesWhatIsWrongAndWhere) {
  const std::array cases{
      Case{R"({"id":"a"})", "resourceType is missing; it names the type of the resource"},
      Case{R"({"resourceType":"Patent"})", "Patent: resourceType \"Patent\" is not known"},
      Case{R"({"resourceType":"DomainResource"})", "DomainResource: resourceType \"DomainResource\" is not known"},
      Case{R"({"resourceType":"Patient","id":"a b"})",
           "Patient.id: must be an id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'"},
      Case{R"({"resourceType":"Patient","brithDate":"2020"})",
           "Patient.brithDate: Patient has no element \"brithDate\"; the nearest is \"birthDate\""},
      Case{R"({"resourceType":"Patient","name":{"family":"a"}})", "Patient.name: must be a list, also with one item"},
      Case{R"({"resourceType":"Patient","gender":["male"]})",
           "Patient.gender: must not be a list: the element occurs once"},
      Case{R"({"resourceType":"Patient","name":["a"]})", "Patient.name[0]: must be an object of type HumanName"},
      Case{R"({"resourceType":"Patient","name":[]})", "Patient.name: a list must not be empty; leave the element out"},
      Case{R"({"resourceType":"Patient","name":[{}]})",
           "Patient.name[0]: an object must not be empty; leave the element out"},
      Case{R"({"resourceType":"Patient","name":[{"family":""}]})",
           "Patient.name[0].family: must be left out rather than empty"},
      Case{R"({"resourceType":"Patient","name":[{"family":"a\u0000"}]})",
           "Patient.name[0].family: must be free of control characters"},
      Case{R"({"resourceType":"Patient","active":"true"})", "Patient.active: must be true or false"},
      Case{R"({"resourceType":"Patient","active":null})", "Patient.active: must not be null; leave the element out"},
      Case{R"({"resourceType":"Patient","multipleBirthInteger":1.5})",
           "Patient.multipleBirthInteger: must be an integer of 32 bits"},
      Case{R"({"resourceType":"Patient","multipleBirthInteger":2147483648})",
           "Patient.multipleBirthInteger: must be an integer of 32 bits"},
      Case{R"({"resourceType":"Patient","birthDate":"2021-02-29"})",
           "Patient.birthDate: must be a date: YYYY, YYYY-MM or YYYY-MM-DD"},
      Case{R"({"resourceType":"Patient","deceasedDateTime":"2021-02-28T10:00:00"})",
           "Patient.deceasedDateTime: must be a dateTime: a date, or YYYY-MM-DDThh:mm:ss with a zone (Z, or -14:00 to "
           "+14:00)"},
      Case{R"({"resourceType":"Patient","meta":{"lastUpdated":"2021-02-28"}})",
           "Patient.meta.lastUpdated: must be an instant: YYYY-MM-DDThh:mm:ss with a zone (Z, or -14:00 to +14:00)"},
      Case{R"({"resourceType":"Patient","gender":" male"})",
           "Patient.gender: must be a code without white space around it and single spaces inside"},
      Case{R"({"resourceType":"Patient","implicitRules":"a b"})",
           "Patient.implicitRules: must be a URI without white space"},
      Case{R"({"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"})",
           "Patient.deceasedDateTime: only one type may be given for deceased[x]"},
      Case{R"({"resourceType":"Patient","deceased":true})", "Patient.deceased: Patient has no element \"deceased\""},
      Case{R"({"resourceType":"Patient","contact":[{"name":{"familiy":"a"}}]})",
           "Patient.contact[0].name.familiy: HumanName has no element \"familiy\"; the nearest is \"family\""},
      Case{R"({"resourceType":"Patient","_birthDate":[]})",
           "Patient._birthDate: must be an object with id or extension"},
      Case{R"({"resourceType":"Patient","_birthDate":{"value":"2020"}})",
           "Patient._birthDate.value: date has no element \"value\""},
      Case{R"({"resourceType":"Patient","_name":[{"id":"a"}]})",
           "Patient._name: Patient has no element \"_name\"; the nearest is \"name\""},
      Case{R"({"resourceType":"Patient","name":[{"given":["a",null]}]})",
           "Patient.name[0].given[1]: must not be null; leave the element out"},
      Case{R"({"resourceType":"Patient","contained":[{"resourceType":"Patient","x":1}]})",
           "Patient.contained[0].x: Patient has no element \"x\""},
      Case{R"({"resourceType":"Observation","code":{"text":"a"}})", "Observation.status: status is required"},
      Case{R"({"resourceType":"Patient","link":[{"type":"refer"}]})", "Patient.link[0].other: other is required"},
      Case{R"({"resourceType":"Client","id":"a/b","meta":{"versionId":[]}, "grant_types":["x"]})",
           "Client.id: must be an id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'\nClient.meta.versionId: must not be a "
           "list: the element occurs "
           "once"},
  };
  for (const Case& c : cases) EXPECT_EQ(issues_of(c.text), c.issues) << c.text;
}

TEST(Shape, AcceptsPrimitivesThatHaveOnlyAnExtension) {
  const std::string extension = R"({"extension":[{"url":"http://a","valueCode":"unknown"}]})";
  EXPECT_EQ(issues_of(R"({"resourceType":"Observation","_status":)" + extension + R"(,"code":{"text":"a"}})"), "");
  EXPECT_EQ(issues_of(R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,)" + extension + "]}]}"),
            "");
}

TEST(Shape, Base64OidsUuidsAndOffsetsHaveTheirForm) {
  const auto fault = [](const std::string& element, const std::string& value) {
    const std::string issues = issues_of(R"({"resourceType":"Patient","extension":[{"url":"http://a",")" + element +
                                         "\":\"" + value + "\"}]}");
    return !issues.empty();
  };
  for (const char* text : {"QUJD", "QUI=", "QQ==", "QUJD QUJD", "QUJD\\r\\nQQ==", "+/+/"})
    EXPECT_FALSE(fault("valueBase64Binary", text)) << text;
  for (const char* text : {"QUJ", "Q===", "QQ==QUJD", "=QUJ", " ", "data:image/png;base64,QUJD", "QUJ-", "QU_D"})
    EXPECT_TRUE(fault("valueBase64Binary", text)) << text;
  for (const char* text : {"urn:oid:1.2", "urn:oid:2.16.840.1.113883", "urn:oid:0.0"})
    EXPECT_FALSE(fault("valueOid", text)) << text;
  for (const char* text : {"1.2", "urn:oid:", "urn:oid:1", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1.", "urn:oid:1..2",
                           "urn:oid:10.1", "URN:OID:1.2"})
    EXPECT_TRUE(fault("valueOid", text)) << text;
  EXPECT_FALSE(fault("valueUuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"));
  for (const char* text : {"urn:uuid:C757873d-ec9a-4326-a141-556f43239520", "urn:uuid:c757873dec9a4326a141556f43239520",
                           "c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:g757873d-ec9a-4326-a141-556f43239520"})
    EXPECT_TRUE(fault("valueUuid", text)) << text;
  for (const char* text : {"2020-01-01T00:00:00+14:00", "2020-01-01T00:00:00-13:59", "2020-01-01T00:00:00-00:00"})
    EXPECT_FALSE(fault("valueDateTime", text)) << text;
  for (const char* text : {"2020-01-01T00:00:00+14:01", "2020-01-01T00:00:00-14:30", "2020-01-01T00:00:00+15:00"})
    EXPECT_TRUE(fault("valueDateTime", text)) << text;
}

TEST(Shape, RefusesATypeOtherThanTheUrlNames) {
  EXPECT_EQ(issues_of(R"({"resourceType":"Patient"})", "Observation"),
            "Patient: resourceType is Patient, where Observation is expected");
  EXPECT_EQ(issues_of(R"({"resourceType":"Patient"})", "Patient"), "");
}

TEST(Shape, PutsThePlaceOfABundleEntryBeforeItsPaths) {
  const auto resource = Resource::parse(R"({"resourceType":"Patient","active":1})");
  const auto issues = check_shape((*resource)->root(), "Patient", "Bundle.entry[3].resource");
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].expression, "Bundle.entry[3].resource.active");
  EXPECT_EQ(issues[0].severity, "fatal");
  EXPECT_EQ(issues[0].code, "invalid");
}

TEST(Shape, StopsAtFiftyIssues) {
  std::string text = R"({"resourceType":"Patient","name":[)";
  for (int i = 0; i < 200; ++i) text += i == 0 ? "1" : ",1";
  const auto resource = Resource::parse(text + "]}");
  EXPECT_EQ(check_shape(**resource, "Patient").size(), 50U);
}

}  // namespace
}  // namespace embergate::fhir
