// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "interactions_fixture.hpp"
#include "support/gzip_lines.hpp"

namespace embergate::interaction {
namespace {

using core::ErrorCode;
using ::testing::HasSubstr;

std::string transaction(const std::string& entries) {
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
}

TEST_F(InteractionsTest, ATransactionResolvesUrnReferencesInBothDirections) {
  const auto answer = bundle(transaction(R"(
    {"fullUrl":"urn:uuid:b","request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},
      "subject":{"reference":"urn:uuid:a"}}},
    {"fullUrl":"urn:uuid:a","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","id":"p1"}})"));
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_THAT(answer->body, HasSubstr("transaction-response"));
  EXPECT_THAT(answer->body, HasSubstr(R"("reference":"Patient/p1")"));
}

TEST_F(InteractionsTest, AFailedTransactionLeavesNothing) {
  const auto slot = add_patient_destination();
  const auto answer = bundle(transaction(R"(
    {"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient"}},
    {"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},
      "subject":{"reference":"Patient/missing"}}})"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(code_of(answer), ErrorCode::kInvalid);
  EXPECT_EQ(answer.error().error.expression, "Bundle.entry[1]");
  EXPECT_EQ(code_of(read("Patient", "p1")), ErrorCode::kNotFound);
  EXPECT_TRUE(events_of(slot).empty());
  ASSERT_TRUE(update("Patient", "p2", R"({"resourceType":"Patient"})"));
  EXPECT_EQ(events_of(slot).at(0).number, 1) << "numbers of a rolled-back transaction leave no gap";
}

TEST_F(InteractionsTest, ConditionalReferencesAndCreatesFindByIdentifier) {
  const std::string hospital =
      R"({"request":{"method":"POST","url":"Organization","ifNoneExist":"identifier=urn:h|1"},"fullUrl":"urn:uuid:h",
    "resource":{"resourceType":"Organization","identifier":[{"system":"urn:h","value":"1"}],"name":"H"}})";
  ASSERT_TRUE(bundle(transaction(hospital)));
  const std::string patient =
      R"({"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","id":"p1",
    "managingOrganization":{"reference":"Organization?identifier=urn:h|1"},"generalPractitioner":[{"reference":"urn:uuid:h"}]}})";
  const auto answer = bundle(transaction(hospital + "," + patient));
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_THAT(answer->body, HasSubstr(R"("status":"200")"));
  EXPECT_EQ(read("Patient", "p1")->body.find("urn:uuid"), std::string::npos);
  EXPECT_EQ(read("Patient", "p1")->body.find('?'), std::string::npos);
}

TEST_F(InteractionsTest, AConditionalReferenceWithoutAMatchNamesTheEntry) {
  const auto answer =
      bundle(transaction(R"({"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient",
    "managingOrganization":{"reference":"Organization?identifier=urn:h|1"}}})"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(code_of(answer), ErrorCode::kPreconditionFailed);
  EXPECT_EQ(answer.error().error.expression, "Bundle.entry[0]");
}

std::string patient_entry(const std::string& full_url, const std::string& condition, const std::string& content) {
  return R"({"fullUrl":")" + full_url + R"(","request":{"method":"POST","url":"Patient")" +
         (condition.empty() ? "" : R"(,"ifNoneExist":")" + condition + "\"") +
         R"(},"resource":{"resourceType":"Patient")" + content + "}}";
}

const std::string kNumber = R"(,"identifier":[{"system":"urn:p","value":"7"}])";

std::string observation_entry(const std::string& subject) {
  return R"({"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation","id":"o1",
    "status":"final","code":{"text":"x"},"subject":{"reference":")" +
         subject + "\"}}}";
}

struct Overlap {
  const char* name;
  std::string first;
  std::string second;
};

class OverlapTest : public InteractionsTest, public ::testing::WithParamInterface<Overlap> {};

TEST_P(OverlapTest, IsRefusedInEitherOrderAndNamesBothEntries) {
  ASSERT_TRUE(
      update("Patient", "old", R"({"resourceType":"Patient","identifier":[{"system":"urn:p","value":"stored"}]})"));
  for (const bool swapped : {false, true}) {
    const std::string entries =
        swapped ? GetParam().second + "," + GetParam().first : GetParam().first + "," + GetParam().second;
    const auto answer = bundle(transaction(entries + "," + observation_entry("urn:uuid:b")));
    ASSERT_FALSE(answer) << swapped;
    EXPECT_EQ(code_of(answer), ErrorCode::kMultipleMatches) << answer.error().error.diagnostics;
    const std::string& place = answer.error().error.expression;
    EXPECT_THAT(place, ::testing::MatchesRegex(R"(Bundle\.entry\[[01]\])"));
    EXPECT_THAT(answer.error().error.diagnostics,
                HasSubstr(place == "Bundle.entry[0]" ? "Bundle.entry[1]" : "Bundle.entry[0]"));
    EXPECT_EQ(code_of(read("Observation", "o1")), ErrorCode::kNotFound);
  }
}

INSTANTIATE_TEST_SUITE_P(
    ConditionalCreates, OverlapTest,
    ::testing::Values(
        Overlap{"AnEntryThatMeetsTheCondition", patient_entry("urn:uuid:a", "", kNumber),
                patient_entry("urn:uuid:b", "identifier=urn:p|7", kNumber)},
        Overlap{"TheSameCondition", patient_entry("urn:uuid:a", "identifier=urn:p|7", kNumber),
                patient_entry("urn:uuid:b", "identifier=urn:p|7", kNumber)},
        Overlap{"TheSameConditionSpeltDifferently", patient_entry("urn:uuid:a", "identifier=urn:p%7C7", ""),
                patient_entry("urn:uuid:b", "?identifier=urn%3Ap|7", "")},
        Overlap{"AWiderCondition", patient_entry("urn:uuid:a", "identifier=urn:p|7", kNumber),
                patient_entry("urn:uuid:b", "identifier=7", "")},
        Overlap{"ADeletionOfWhatItFinds", R"({"request":{"method":"DELETE","url":"Patient/old"}})",
                patient_entry("urn:uuid:b", "identifier=urn:p|stored", "")},
        Overlap{"AnUpdateThatTakesTheIdentifierAway",
                R"({"request":{"method":"PUT","url":"Patient/old"},"resource":{"resourceType":"Patient"}})",
                patient_entry("urn:uuid:b", "identifier=urn:p|stored", "")},
        Overlap{
            "AnUpdateThatGivesTheIdentifierToAnother",
            R"({"request":{"method":"PUT","url":"Patient/new"},"resource":{"resourceType":"Patient")" + kNumber + "}}",
            patient_entry("urn:uuid:b", "identifier=urn:p|7", "")}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

TEST_F(InteractionsTest, ConditionalCreatesThatFindTheSameStoredResourceStandForIt) {
  ASSERT_TRUE(update("Patient", "old", R"({"resourceType":"Patient")" + kNumber + "}"));
  const auto answer =
      bundle(transaction(patient_entry("urn:uuid:a", "identifier=urn:p|7", kNumber) + "," +
                         patient_entry("urn:uuid:b", "identifier=7", kNumber) + "," + observation_entry("urn:uuid:b")));
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_THAT(read("Observation", "o1")->body, HasSubstr(R"("reference":"Patient/old")"));
}

TEST_F(InteractionsTest, AConditionalReferenceMeetsWhatTheBundleMakesWhereverItStands) {
  const std::string patient =
      R"({"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient")" + kNumber + "}}";
  for (const bool swapped : {false, true}) {
    const std::string observation = observation_entry("Patient?identifier=urn:p|7");
    const auto answer = bundle(transaction(swapped ? observation + "," + patient : patient + "," + observation));
    ASSERT_TRUE(answer) << answer.error().error.diagnostics;
    EXPECT_THAT(read("Observation", "o1")->body, HasSubstr(R"("reference":"Patient/p1")"));
    ASSERT_TRUE(remove("Observation", "o1"));
    ASSERT_TRUE(remove("Patient", "p1"));
  }
}

TEST_F(InteractionsTest, AConditionalReferenceDoesNotMeetWhatTheBundleDeletesOrChanges) {
  for (const std::string change :
       {R"({"request":{"method":"DELETE","url":"Patient/old"}})",
        R"({"request":{"method":"PUT","url":"Patient/old"},"resource":{"resourceType":"Patient"}})"}) {
    ASSERT_TRUE(update("Patient", "old", R"({"resourceType":"Patient")" + kNumber + "}"));
    const auto answer = bundle(transaction(observation_entry("Patient?identifier=urn:p|7") + "," + change));
    ASSERT_FALSE(answer) << change;
    EXPECT_EQ(code_of(answer), ErrorCode::kPreconditionFailed);
  }
}

TEST_F(InteractionsTest, AReferenceToWhatTheSameBundleDeletesIsRefused) {
  ASSERT_TRUE(update("Patient", "old", R"({"resourceType":"Patient"})"));
  const auto answer =
      bundle(transaction(observation_entry("Patient/old") + R"(,{"request":{"method":"DELETE","url":"Patient/old"}})"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(code_of(answer), ErrorCode::kInvalid);
  EXPECT_EQ(answer.error().error.expression, "Bundle.entry[0]");
  EXPECT_TRUE(read("Patient", "old"));
}

TEST_F(InteractionsTest, AConditionOnTheOwnIdMayFollowTheDeletionOfThatId) {
  ASSERT_TRUE(update("Patient", "p1", R"({"resourceType":"Patient","active":true})"));
  const auto answer = bundle(transaction(R"({"request":{"method":"DELETE","url":"Patient/p1"}},)" +
                                         patient_entry("urn:uuid:b", "_id=p1", R"(,"id":"p1","active":false)") + "," +
                                         observation_entry("urn:uuid:b")));
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_THAT(read("Patient", "p1")->body, HasSubstr(R"("active":false)"));
}

TEST_F(InteractionsTest, TheSameFullUrlTwiceInATransactionIsRefused) {
  const auto answer =
      bundle(transaction(patient_entry("urn:uuid:a", "", "") + "," + patient_entry("urn:uuid:a", "", "")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(code_of(answer), ErrorCode::kInvalid);
  EXPECT_EQ(answer.error().error.expression, "Bundle.entry[1]");
  EXPECT_THAT(answer.error().error.diagnostics, HasSubstr("Bundle.entry[0]"));
}

TEST_F(InteractionsTest, ABatchGoesOnAfterAFailedEntry) {
  const auto answer = bundle(R"({"resourceType":"Bundle","type":"batch","entry":[
    {"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient","active":"no"}},
    {"request":{"method":"PUT","url":"AidboxTopicDestination/d"},"resource":{"resourceType":"AidboxTopicDestination"}},
    {"request":{"method":"DELETE","url":"AidboxTopicDestination/d"}},
    {"request":{"method":"PUT","url":"/fhir/Patient/p2"},"resource":{"resourceType":"Patient"}},
    {"request":{"method":"GET","url":"Patient/p2"}}]})");
  ASSERT_TRUE(answer);
  const auto tree = fhir::Resource::parse(answer->body);
  ASSERT_TRUE(tree);
  const fhir::Node entries = (*tree)->root().member("entry");
  std::vector<std::string> status;
  for (std::size_t i = 0; i < entries.size(); ++i)
    status.emplace_back(entries.at(i).member("response").member("status").string());
  EXPECT_EQ(status, (std::vector<std::string>{"422", "405", "204", "201", "200"}));
}

TEST_F(InteractionsTest, ATransactionWithAPutOnADestinationFailsAsAWhole) {
  const auto answer =
      bundle(transaction(R"({"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient"}},
    {"request":{"method":"PUT","url":"AidboxTopicDestination/d"},"resource":{"resourceType":"AidboxTopicDestination"}})"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(code_of(answer), ErrorCode::kMethodNotAllowed);
  EXPECT_EQ(code_of(read("Patient", "p1")), ErrorCode::kNotFound);
}

TEST_F(InteractionsTest, EveryEntryIsAuthorizedByItself) {
  const std::string body =
      transaction(R"({"request":{"method":"PUT","url":"Patient/p1"},"resource":{"resourceType":"Patient"}})");
  RequestContext context;
  context.authorize = [](std::string_view interaction, std::string_view type) {
    return interaction == "update" && type == "Patient"
               ? core::Result<void>(core::make_error(ErrorCode::kForbidden, "Forbidden"))
               : core::Result<void>();
  };
  const auto denied = run(interactions_->bundle(context, body));
  ASSERT_FALSE(denied);
  EXPECT_EQ(code_of(denied), ErrorCode::kForbidden);
}

// Synthea's hospital and practitioner bundles go first in practice; here what the patient's bundle refers to by
// identifier is made.
std::string bundle_of_referred(const std::string& text) {
  static const std::regex conditional(R"re("reference"\s*:\s*"([A-Za-z]+)\?identifier=([^|"]+)\|([^"]+)")re");
  std::set<std::string> entries;
  for (std::sregex_iterator it(text.begin(), text.end(), conditional), end; it != end; ++it) {
    const std::string type = (*it)[1];
    entries.insert(R"({"request":{"method":"POST","url":")" + type + R"("},"resource":{"resourceType":")" + type +
                   R"(","identifier":[{"system":")" + (*it)[2].str() + R"(","value":")" + (*it)[3].str() + R"("}]}})");
  }
  std::string all;
  for (const std::string& entry : entries) all += (all.empty() ? "" : ",") + entry;
  return transaction(all);
}

class SyntheaBundle : public InteractionsTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SyntheaBundle, LoadsWhole) {
  const auto slot = add_patient_destination();
  const auto text = test::read_gzip(std::string(EMBERGATE_SOURCE_DIR) + "/tests/data/synthea/" + GetParam());
  ASSERT_TRUE(bundle(bundle_of_referred(text)));
  const auto answer = bundle(text);
  ASSERT_TRUE(answer) << answer.error().error.expression << ": " << answer.error().error.diagnostics;
  EXPECT_EQ(events_of(slot).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Patients, SyntheaBundle,
                         ::testing::Values("p1-elder-cardiac.json.gz", "p2-child-allergy.json.gz",
                                           "p3-deceased-male.json.gz", "p4-child.json.gz",
                                           "p5-notes-provenance.json.gz"));

}  // namespace
}  // namespace embergate::interaction
