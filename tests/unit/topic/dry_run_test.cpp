// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/dry_run.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "topic_support.hpp"

namespace embergate::topic {
namespace {

using fhirpath::Truth;
using test::resource_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<const SubscriptionTopic> topic_of(std::string_view triggers, std::string_view status = "active") {
  const std::string member = triggers.empty() ? "" : fmt::format(",\"trigger\":[{}]", triggers);
  std::vector<fhir::Issue> issues;
  auto parsed = SubscriptionTopic::parse(
      *resource_of(
          fmt::format(R"({{"resourceType":"AidboxSubscriptionTopic","url":"urn:t","status":"{}"{}}})", status, member)),
      "t", issues);
  EXPECT_NE(parsed, nullptr) << (issues.empty() ? "" : issues[0].diagnostics);
  return parsed;
}

DryRunReport run(const SubscriptionTopic& topic, const fhir::ResourcePtr& current, const fhir::ResourcePtr& previous) {
  const auto interaction = !current ? Interaction::kDelete : !previous ? Interaction::kCreate : Interaction::kUpdate;
  return dry_run(topic, {interaction, (current ? current : previous)->type(), current.get(), previous.get()});
}

// Of one criterion on Observations.
TriggerReport run_criterion(std::string_view criterion, const fhir::ResourcePtr& current,
                            const fhir::ResourcePtr& previous) {
  const auto topic =
      topic_of(fmt::format(R"({{"resource":"Observation","fhirPathCriteria":{}}})", fhir::json_string(criterion)));
  return run(*topic, current, previous).triggers.at(0);
}

fhir::ResourcePtr observation(std::string_view status, std::string_view more = "") {
  return resource_of(
      fmt::format(R"({{"resourceType":"Observation","id":"o","status":"{}","code":{{"text":"x"}}{}}})", status, more));
}

TEST(DryRun, SaysThatATopicFiresAndWhichTriggerMadeIt) {
  const auto topic = topic_of(R"({"resource":"Patient"},{"resource":"Observation","supportedInteraction":["delete"]},
    {"resource":"Observation","fhirPathCriteria":"status = 'final'"})");
  const DryRunReport report = run(*topic, observation("final"), nullptr);
  EXPECT_TRUE(report.fires);
  EXPECT_EQ(report.why, "trigger[2] fires: the criterion is true");
  ASSERT_THAT(report.triggers, SizeIs(3));
  EXPECT_FALSE(report.triggers[0].type_fits);
  EXPECT_THAT(report.triggers[0].why, HasSubstr("listens to Patient, this is a Observation"));
  EXPECT_TRUE(report.triggers[1].type_fits);
  EXPECT_FALSE(report.triggers[1].interaction_fits);
  EXPECT_THAT(report.triggers[1].why, HasSubstr("listens to delete, this is a create"));
  EXPECT_FALSE(report.triggers[1].outcome.has_value());
  EXPECT_EQ(report.triggers[2].outcome, Truth::kTrue);
  EXPECT_GT(report.triggers[2].steps, 0U);
  ASSERT_THAT(report.triggers[2].items, SizeIs(1));
  EXPECT_EQ(report.triggers[2].items[0].value, "true");
}

TEST(DryRun, ATopicThatIsNotActiveDoesNotFireWhateverItsTriggersSay) {
  const DryRunReport report = run(*topic_of(R"({"resource":"Observation"})", "draft"), observation("final"), nullptr);
  EXPECT_FALSE(report.fires);
  EXPECT_TRUE(report.triggers.at(0).fires);
  EXPECT_THAT(report.why, HasSubstr("the status of the topic is draft"));
  EXPECT_THAT(run(*topic_of(""), observation("final"), nullptr).why, HasSubstr("no trigger"));
}

TEST(DryRun, NamesTheMissingPreviousStateOfACreate) {
  const TriggerReport report =
      run_criterion("%current.status = 'final' and %previous.status != 'final'", observation("final"), nullptr);
  EXPECT_EQ(report.outcome, Truth::kEmpty);
  EXPECT_FALSE(report.fires);
  EXPECT_THAT(report.why, HasSubstr("`%previous.status != 'final'` is empty because `%previous` is empty"));
  EXPECT_THAT(report.why, HasSubstr("a create has no previous state"));
  EXPECT_THAT(report.why, HasSubstr("!~"));
}

TEST(DryRun, NamesTheMissingCurrentStateOfADelete) {
  const TriggerReport report = run_criterion("%current.status = 'final'", nullptr, observation("final"));
  EXPECT_EQ(report.outcome, Truth::kEmpty);
  EXPECT_THAT(report.why, HasSubstr("a delete has no current state"));
}

TEST(DryRun, NamesTheElementThatIsAbsent) {
  const TriggerReport report =
      run_criterion("%current.issued != %previous.issued", observation("final", R"(,"issued":"2026-01-01T00:00:00Z")"),
                    observation("final"));
  EXPECT_EQ(report.outcome, Truth::kEmpty);
  EXPECT_THAT(report.why, HasSubstr("is empty because `%previous.issued` is empty"));
  const TriggerReport path = run_criterion("value.ofType(Quantity).value", observation("final"), nullptr);
  EXPECT_EQ(path.outcome, Truth::kEmpty);
  EXPECT_THAT(path.why, HasSubstr("`value"));
}

TEST(DryRun, ShowsTheValuesThatMadeACriterionFalse) {
  const TriggerReport report = run_criterion("%previous.status = 'registered' and %current.status = 'final'",
                                             observation("final"), observation("preliminary"));
  EXPECT_EQ(report.outcome, Truth::kFalse);
  EXPECT_THAT(report.why,
              HasSubstr("`%previous.status = 'registered'` is false: `%previous.status` is \"preliminary\""));
  EXPECT_THAT(report.why, ::testing::Not(HasSubstr("%current")));
}

TEST(DryRun, ExplainsTheComparisonOfListsAsAWhole) {
  const TriggerReport report = run_criterion(
      "category.text = 'lab'", observation("final", R"(,"category":[{"text":"lab"},{"text":"blood"}])"), nullptr);
  EXPECT_FALSE(report.fires);
  EXPECT_THAT(report.why, HasSubstr("`category.text` has 2 items"));
  EXPECT_THAT(report.why, HasSubstr(".exists($this = ...)"));
}

TEST(DryRun, RecommendsExistsWhereAnItemCountsAsTrue) {
  const TriggerReport report = run_criterion("status", observation("final"), nullptr);
  EXPECT_TRUE(report.fires);
  EXPECT_THAT(report.why, HasSubstr("FHIR.code"));
  EXPECT_THAT(report.why, HasSubstr(".exists()"));
  ASSERT_THAT(report.items, SizeIs(1));
  EXPECT_EQ(report.items[0].path, "Observation.status");
}

TEST(DryRun, ACriterionThatFailsHasItsPositionAndItsItems) {
  const TriggerReport report = run_criterion(
      "status = 'x' or\n  category", observation("final", R"(,"category":[{"text":"a"},{"text":"b"}])"), nullptr);
  EXPECT_EQ(report.outcome, Truth::kError);
  EXPECT_FALSE(report.fires);
  ASSERT_TRUE(report.error.has_value());
  EXPECT_EQ(report.error->line, 2U);
  EXPECT_THAT(report.why, HasSubstr("failed at line 2"));
  EXPECT_THAT(report.why, HasSubstr("succeeds without an event"));
  const TriggerReport several =
      run_criterion("category.text", observation("final", R"(,"category":[{"text":"a"},{"text":"b"}])"), nullptr);
  EXPECT_EQ(several.outcome, Truth::kError);
  EXPECT_EQ(several.item_count, 2U);
}

TEST(DryRun, KeepsWhatTraceWrites) {
  const TriggerReport report = run_criterion("status.trace('seen') = 'final'", observation("final"), nullptr);
  EXPECT_TRUE(report.fires);
  ASSERT_THAT(report.trace.lines, SizeIs(1));
  EXPECT_EQ(report.trace.lines[0].name, "seen");
  EXPECT_THAT(report.trace.lines[0].text, HasSubstr("final"));
}

TEST(DryRun, ShowsAFewItemsOfMany) {
  std::string names;
  for (int i = 0; i < 50; ++i) names += fmt::format("{}{{\"text\":\"c{}\"}}", i == 0 ? "" : ",", i);
  const TriggerReport report =
      run_criterion("category.text", observation("final", fmt::format(",\"category\":[{}]", names)), nullptr);
  EXPECT_EQ(report.item_count, 50U);
  EXPECT_THAT(report.items, SizeIs(DryRunReport::kMaxItems));
}

TEST(DryRun, AgreesWithMatchingOnEveryOutcome) {
  for (const char* criterion : {"status = 'final'", "status = 'x'", "{}", "category", "status"}) {
    const auto topic =
        topic_of(fmt::format(R"({{"resource":"Observation","fhirPathCriteria":{}}})", fhir::json_string(criterion)));
    auto destination = std::make_shared<TopicDestination>();
    destination->topic_url = "urn:t";
    destination->slot = 1;
    const Catalog catalog({topic}, {destination}, 1);
    const auto state = observation("final", R"(,"category":[{"text":"a"},{"text":"b"}])");
    const Change change{Interaction::kCreate, "Observation", state.get(), nullptr};
    EXPECT_EQ(dry_run(*topic, change).fires, !catalog.match(change, {}).slots.empty()) << criterion;
  }
}

TEST(DryRun, ItsCriteriaShareTheStepsOfOneEvent) {
  std::string categories;
  for (int i = 0; i < 150; ++i) categories += fmt::format("{}{{\"text\":\"c{}\"}}", i == 0 ? "" : ",", i);
  const std::string trigger = R"x({"resource":"Observation","fhirPathCriteria":"category.exists()"})x";
  const std::string costly = "category.exists(%resource.category.exists(%resource.category.exists(text = 'none')))";
  std::string triggers;
  for (int i = 0; i < 99; ++i)
    triggers += fmt::format(R"({{"resource":"Observation","fhirPathCriteria":"{}"}},)", costly);
  const DryRunReport report =
      run(*topic_of(triggers + trigger), observation("final", fmt::format(",\"category\":[{}]", categories)), nullptr);
  ASSERT_THAT(report.triggers, SizeIs(100));
  EXPECT_EQ(report.triggers[99].outcome, Truth::kError);
  EXPECT_THAT(report.triggers[99].why, HasSubstr("used up"));
}

TEST(DryRun, SaysThatWritesPutACriterionOff) {
  const auto topic = topic_of(R"({"resource":"Observation","fhirPathCriteria":"status = 'final'"})");
  for (std::uint32_t i = 0; i < CriterionWatch::kLimit; ++i)
    topic->triggers[0].watch->note(CriterionWatch::Finding::kCostly);
  const TriggerReport report = run(*topic, observation("final"), nullptr).triggers.at(0);
  EXPECT_TRUE(report.fires);
  EXPECT_TRUE(report.switched_off);
  EXPECT_THAT(report.why, HasSubstr("writes put it off"));
  EXPECT_TRUE(topic->triggers[0].watch->is_off()) << "looking changes nothing";
}

// The table of docs/criteria.md: what is written, what happens, what to write instead.
TEST(DryRun, TheTrapsOfTheDocumentationAreAsItSays) {
  const auto final = observation("final");
  const auto female = resource_of(R"({"resourceType":"Patient","gender":"female","birthDate":"2000-05-05"})");
  const auto two_names = resource_of(R"({"resourceType":"Patient","name":[{"given":["Ann","Mary"]}]})");
  const auto owned = resource_of(
      R"({"resourceType":"Task","status":"requested","intent":"order","owner":{"reference":"Practitioner/a"}})");
  const auto free = resource_of(R"({"resourceType":"Task","status":"requested","intent":"order"})");
  const auto text_value = observation("final", R"(,"valueString":"high")");
  const auto quantity = observation("final", R"(,"valueQuantity":{"value":11})");
  struct Row {
    const char* criterion;
    fhir::ResourcePtr current;
    fhir::ResourcePtr previous;
    Truth outcome;
  };
  const std::vector<Row> rows{
      {"%current.status = 'final' and %previous.status != 'final'", final, nullptr, Truth::kEmpty},
      {"%current.status = 'final' and %previous.status !~ 'final'", final, nullptr, Truth::kTrue},
      {"%current.status = 'final' and (%previous.empty() or %previous.status != 'final')", final, nullptr,
       Truth::kTrue},
      {"%current.owner != %previous.owner", owned, free, Truth::kEmpty},
      {"%current.owner !~ %previous.owner", owned, free, Truth::kTrue},
      {"%current.owner !~ %previous.owner", free, owned, Truth::kTrue},
      {"%current.status = 'final'", nullptr, final, Truth::kEmpty},
      {"status = 'final'", nullptr, final, Truth::kTrue},
      {"name.given = 'Ann'", two_names, nullptr, Truth::kFalse},
      {"name.given.exists($this = 'Ann')", two_names, nullptr, Truth::kTrue},
      {"name.given", two_names, nullptr, Truth::kError},
      {"name.given.exists()", two_names, nullptr, Truth::kTrue},
      {"status", final, nullptr, Truth::kTrue},
      {"birthDate < @2000", female, nullptr, Truth::kEmpty},
      {"birthDate < @2000-01-01", female, nullptr, Truth::kFalse},
      {"value > 10", text_value, nullptr, Truth::kError},
      {"value.ofType(Quantity).value > 10", text_value, nullptr, Truth::kEmpty},
      {"value.ofType(Quantity).value > 10", quantity, nullptr, Truth::kTrue},
      {"active.not()", female, nullptr, Truth::kEmpty},
      {"active != true", female, nullptr, Truth::kEmpty},
      {"active !~ true", female, nullptr, Truth::kTrue}};
  for (const Row& row : rows) {
    const auto& state = row.current ? row.current : row.previous;
    const auto topic = topic_of(
        fmt::format(R"({{"resource":"{}","fhirPathCriteria":{}}})", state->type(), fhir::json_string(row.criterion)));
    const TriggerReport report = run(*topic, row.current, row.previous).triggers.at(0);
    EXPECT_EQ(report.outcome, row.outcome) << row.criterion << ": " << report.why;
  }
}

}  // namespace
}  // namespace embergate::topic
