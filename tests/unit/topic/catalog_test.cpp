// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/catalog.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

#include "embergate/core/time_format.hpp"
#include "embergate/topic/decision.hpp"
#include "embergate/topic/idle.hpp"
#include "topic_support.hpp"

namespace embergate::topic {
namespace {

using test::resource_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const SubscriptionTopic> topic(std::string_view url, std::string_view triggers,
                                               std::string_view status = "active") {
  std::vector<fhir::Issue> issues;
  auto parsed = SubscriptionTopic::parse(
      *resource_of(
          fmt::format(R"({{"resourceType":"AidboxSubscriptionTopic","url":"{}","status":"{}","trigger":[{}]}})", url,
                      status, triggers)),
      url, issues);
  EXPECT_NE(parsed, nullptr) << (issues.empty() ? "" : issues[0].diagnostics);
  return parsed;
}

std::shared_ptr<const TopicDestination> destination(std::string_view topic_url, std::int64_t slot) {
  auto made = std::make_shared<TopicDestination>();
  made->id = fmt::format("d{}", slot);
  made->topic_url = std::string(topic_url);
  made->slot = slot;
  return made;
}

struct Recorder {
  std::vector<std::string> matched;
  std::vector<std::string> errors;
  std::vector<CriteriaError::Kind> kinds;  // of the errors
  std::vector<CriterionCost> costs;
  std::vector<std::int64_t> undecided;  // slots
  MatchObserver observer() {
    return {[this](const CriteriaError& error) {
              errors.push_back(fmt::format("{}[{}]: {}", error.topic_url, error.trigger, error.message));
              kinds.push_back(error.kind);
            },
            [this](std::string_view url) { matched.emplace_back(url); },
            [this](CriterionCost cost) { costs.push_back(std::move(cost)); }};
  }
  // What the write path does after the commit. Whether something was switched off.
  [[nodiscard]] bool commit() const {
    bool off = false;
    for (const CriterionCost& cost : costs) off |= cost.watch->note(cost.finding) == CriterionWatch::Turn::kSwitchedOff;
    return off;
  }
};

std::vector<std::int64_t> match(const Catalog& catalog, Interaction interaction, const fhir::Resource* current,
                                const fhir::Resource* previous, Recorder* recorder = nullptr) {
  Recorder ignored;
  const fhir::Resource* any = current != nullptr ? current : previous;
  Recorder& heard = recorder != nullptr ? *recorder : ignored;
  Match found = catalog.match({interaction, any->type(), current, previous}, heard.observer());
  for (const Match::Undecided& one : found.undecided)
    heard.undecided.insert(heard.undecided.end(), one.slots.begin(), one.slots.end());
  return std::move(found.slots);
}

const fhir::ResourcePtr kFemale = resource_of(R"({"resourceType":"Patient","id":"p","gender":"female"})");
const fhir::ResourcePtr kMale = resource_of(R"({"resourceType":"Patient","id":"p","gender":"male"})");

TEST(Catalog, GivesEachDestinationOneEventHoweverManyTriggersMatch) {
  const Catalog catalog(
      {topic("a", R"({"resource":"Patient"},{"resource":"Patient","fhirPathCriteria":"gender='female'"})"),
       topic("b", R"({"resource":"Patient","fhirPathCriteria":"gender='female'"})")},
      {destination("a", 7), destination("b", 3), destination("a", 5)}, 42);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, kFemale.get(), nullptr, &recorder), ElementsAre(3, 5, 7));
  EXPECT_THAT(recorder.matched, ElementsAre("a", "b"));
  EXPECT_THAT(match(catalog, Interaction::kCreate, kMale.get(), nullptr), ElementsAre(5, 7));
  EXPECT_EQ(catalog.epoch(), 42);
}

TEST(Catalog, IsNotInterestedWithoutAnActiveTopicThatHasADestination) {
  const Catalog catalog({topic("a", R"({"resource":"Patient"})", "retired"), topic("b", R"({"resource":"Patient"})"),
                         topic("c", R"({"resource":"Observation","supportedInteraction":["update"]})")},
                        {destination("a", 1), destination("c", 2), destination("nowhere", 3)}, 1);
  EXPECT_FALSE(catalog.interested("Patient", Interaction::kCreate));
  EXPECT_TRUE(catalog.interested("Observation", Interaction::kUpdate));
  EXPECT_FALSE(catalog.interested("Observation", Interaction::kCreate));
  EXPECT_THAT(match(catalog, Interaction::kCreate, kMale.get(), nullptr), IsEmpty());
  EXPECT_NE(catalog.topic_by_url("a"), nullptr);
  EXPECT_EQ(catalog.topic_by_url("nowhere"), nullptr);
}

TEST(Catalog, AsksForThePreviousStateOnlyWhenACriterionUsesIt) {
  const Catalog catalog(
      {topic("a", R"({"resource":"Patient","fhirPathCriteria":"%current.gender != %previous.gender"})"),
       topic("b", R"({"resource":"Encounter","fhirPathCriteria":"status='arrived'"})"),
       topic("c", R"({"resource":"Group"})")},
      {destination("a", 1), destination("b", 2), destination("c", 3)}, 1);
  EXPECT_TRUE(catalog.needs_previous("Patient", Interaction::kUpdate));
  EXPECT_FALSE(catalog.needs_previous("Encounter", Interaction::kUpdate));
  EXPECT_TRUE(catalog.needs_previous("Encounter", Interaction::kDelete));
  EXPECT_FALSE(catalog.needs_previous("Group", Interaction::kDelete));
  EXPECT_FALSE(catalog.needs_previous("Basic", Interaction::kUpdate));
}

TEST(Catalog, SeesBothStatesOfAnUpdateAndNoPreviousOneOfACreate) {
  const Catalog catalog(
      {topic("changed", R"({"resource":"Patient","fhirPathCriteria":"%current.gender != %previous.gender"})"),
       topic("new", R"x({"resource":"Patient","fhirPathCriteria":"%previous.empty()"})x")},
      {destination("changed", 1), destination("new", 2)}, 1);
  EXPECT_THAT(match(catalog, Interaction::kUpdate, kMale.get(), kFemale.get()), ElementsAre(1));
  EXPECT_THAT(match(catalog, Interaction::kUpdate, kMale.get(), kMale.get()), IsEmpty());
  EXPECT_THAT(match(catalog, Interaction::kCreate, kMale.get(), nullptr), ElementsAre(2));
}

TEST(Catalog, EvaluatesADeletionAgainstTheLastState) {
  const Catalog catalog(
      {topic(
          "a",
          R"x({"resource":"Patient","fhirPathCriteria":"gender='male' and %previous.gender='male' and %current.empty()"})x")},
      {destination("a", 1)}, 1);
  EXPECT_THAT(match(catalog, Interaction::kDelete, nullptr, kMale.get()), ElementsAre(1));
  EXPECT_THAT(match(catalog, Interaction::kDelete, nullptr, kFemale.get()), IsEmpty());
}

TEST(Catalog, TellsAboutACriterionThatFailsAndGoesOn) {
  const auto two_names = resource_of(R"({"resourceType":"Patient","id":"p","name":[{"family":"a"},{"family":"b"}]})");
  const Catalog catalog({topic("bad", R"({"resource":"Patient","fhirPathCriteria":"name.family"})"),
                         topic("good", R"({"resource":"Patient"})")},
                        {destination("bad", 1), destination("good", 2)}, 1);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, two_names.get(), nullptr, &recorder), ElementsAre(2));
  ASSERT_EQ(recorder.errors.size(), 1U);
  EXPECT_THAT(recorder.errors[0], ::testing::StartsWith("bad[0]: "));
  EXPECT_THAT(recorder.matched, ElementsAre("good"));
}

TEST(Catalog, LooksAtAllTriggersOfATopicBeforeItGivesUp) {
  const auto two_names = resource_of(R"({"resourceType":"Patient","id":"p","name":[{"family":"a"},{"family":"b"}]})");
  const Catalog catalog(
      {topic(
          "t",
          R"({"resource":"Patient","fhirPathCriteria":"name.family"},{"resource":"Patient","fhirPathCriteria":"true"})")},
      {destination("t", 1)}, 1);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, two_names.get(), nullptr, &recorder), ElementsAre(1));
  EXPECT_EQ(recorder.errors.size(), 1U);
}

TEST(Catalog, TellsAboutASharedCriterionForEachTriggerThatHasIt) {
  const auto two_names = resource_of(R"({"resourceType":"Patient","id":"p","name":[{"family":"a"},{"family":"b"}]})");
  const char* shared = R"({"resource":"Patient","fhirPathCriteria":"name.family"})";
  const Catalog catalog(
      {topic("a", shared), topic("b", fmt::format(R"({{"resource":"Group"}},{})", shared)), topic("c", shared)},
      {destination("a", 1), destination("b", 2), destination("c", 3)}, 1);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, two_names.get(), nullptr, &recorder), IsEmpty());
  ASSERT_EQ(recorder.errors.size(), 3U);
  EXPECT_THAT(recorder.errors[1], ::testing::StartsWith("b[1]: "));
  const auto one_name = resource_of(R"({"resourceType":"Patient","id":"p","name":[{"family":"a"}]})");
  EXPECT_THAT(match(catalog, Interaction::kCreate, one_name.get(), nullptr), ElementsAre(1, 2, 3));
}

// Cubic in the number of names: far beyond the limits of one evaluation with 150 of them.
std::string costly(std::string_view name) {
  const std::string criterion =
      fmt::format("name.exists(%resource.name.exists(%resource.name.exists(family = '{}')))", name);
  return fmt::format(R"({{"resource":"Patient","fhirPathCriteria":"{}"}})", criterion);
}

fhir::ResourcePtr patient_with_names(std::size_t count) {
  std::string names;
  for (std::size_t i = 0; i < count; ++i) names += fmt::format(R"({}{{"family":"f{}"}})", i == 0 ? "" : ",", i);
  return resource_of(fmt::format(R"({{"resourceType":"Patient","id":"p","gender":"male","name":[{}]}})", names));
}

TEST(Catalog, EvaluatesEqualCriteriaOnceForAnEvent) {
  const auto many = patient_with_names(150);
  std::vector<std::shared_ptr<const SubscriptionTopic>> topics;
  std::vector<std::shared_ptr<const TopicDestination>> destinations;
  for (int i = 0; i < 200; ++i) {
    topics.push_back(topic(fmt::format("t{}", i), costly("none")));
    destinations.push_back(destination(topics.back()->url, i));
  }
  topics.push_back(topic("cheap", R"({"resource":"Patient","fhirPathCriteria":"gender = 'male'"})"));
  destinations.push_back(destination("cheap", 1'000));
  const Catalog catalog(topics, destinations, 1);
  Recorder recorder;
  // Two hundred evaluations would use up the steps of the event before the last topic has its turn.
  EXPECT_THAT(match(catalog, Interaction::kCreate, many.get(), nullptr, &recorder), ElementsAre(1'000));
  EXPECT_EQ(recorder.errors.size(), 200U);
}

TEST(Catalog, TheCriteriaOfOneEventShareTheirSteps) {
  const auto many = patient_with_names(150);
  std::vector<std::shared_ptr<const SubscriptionTopic>> topics;
  std::vector<std::shared_ptr<const TopicDestination>> destinations;
  for (int i = 0; i < 1'000; ++i) {
    topics.push_back(topic(fmt::format("t{}", i), costly(fmt::format("none{}", i))));
    destinations.push_back(destination(topics.back()->url, i));
  }
  topics.push_back(topic("cheap", R"({"resource":"Patient","fhirPathCriteria":"gender = 'male'"})"));
  destinations.push_back(destination("cheap", 1'000));
  const Catalog catalog(topics, destinations, 1);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, many.get(), nullptr, &recorder), IsEmpty());
  EXPECT_EQ(recorder.undecided.size(), 1'001U) << "nothing is decided about any of them";
  ASSERT_EQ(recorder.errors.size(), 1'001U);
  EXPECT_THAT(recorder.errors.back(), ::testing::HasSubstr("cheap[0]: the criteria of this event have used up"));
  // The next event has steps of its own.
  EXPECT_THAT(match(catalog, Interaction::kCreate, kMale.get(), nullptr), ElementsAre(1'000));
}

TEST(Catalog, TheCriteriaOfAllEventsOfATransactionShareItsSteps) {
  const auto many = patient_with_names(150);
  const Catalog catalog({topic("costly", costly("none")), topic("all", R"({"resource":"Patient"})")},
                        {destination("costly", 1), destination("all", 2)}, 1);
  std::uint64_t left = 2'500'000;
  Recorder recorder;
  MatchObserver observer = recorder.observer();
  observer.transaction_steps = &left;
  const Change change{Interaction::kCreate, "Patient", many.get(), nullptr};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(catalog.match(change, observer).undecided.size(), 1U);
  EXPECT_GT(left, 0U);
  EXPECT_LE(left, 500'000U);
  static_cast<void>(catalog.match(change, observer));
  EXPECT_EQ(left, 0U);
  const Match found = catalog.match({Interaction::kCreate, "Patient", kMale.get(), nullptr}, observer);
  ASSERT_EQ(found.undecided.size(), 1U) << "cheap as it is, it is not evaluated";
  EXPECT_THAT(found.undecided[0].reason, ::testing::HasSubstr("the criteria of this transaction have used up"));
  EXPECT_THAT(found.slots, ElementsAre(2)) << "what needs no step goes on";
  EXPECT_THAT(match(catalog, Interaction::kCreate, kMale.get(), nullptr), ElementsAre(2)) << "another transaction";
}

TEST(Catalog, PutsACriterionOffThatExceedsItsLimitsAgainAndAgain) {
  const auto many = patient_with_names(150);
  const auto few = patient_with_names(1);
  using Kind = CriteriaError::Kind;
  const auto hopeless = topic("hopeless", costly("none"));
  const Catalog strict({hopeless}, {destination("hopeless", 3)}, 1);
  bool switched_off = false;
  const auto next = [&](const fhir::ResourcePtr& patient) {
    Recorder recorder;
    match(strict, Interaction::kCreate, patient.get(), nullptr, &recorder);
    switched_off = recorder.commit();
    return recorder.kinds;
  };
  for (std::uint32_t i = 1; i < CriterionWatch::kLimit; ++i)
    EXPECT_THAT(next(many), ElementsAre(Kind::kExhausted)) << i;
  EXPECT_FALSE(hopeless->triggers[0].watch->is_off());
  EXPECT_FALSE(switched_off);
  EXPECT_THAT(next(many), ElementsAre(Kind::kExhausted));
  EXPECT_TRUE(hopeless->triggers[0].watch->is_off());
  EXPECT_TRUE(switched_off);
  EXPECT_THAT(next(many), ElementsAre(Kind::kPutOff));
  EXPECT_THAT(next(many), ElementsAre(Kind::kExhausted)) << "tried again";
  EXPECT_THAT(next(few), ElementsAre(Kind::kPutOff));
  EXPECT_THAT(next(few), ElementsAre(Kind::kPutOff));
  EXPECT_THAT(next(few), IsEmpty()) << "one evaluation within the limits ends it";
  EXPECT_FALSE(hopeless->triggers[0].watch->is_off());
  EXPECT_THAT(next(few), IsEmpty());
}

// The first one fires before its own copy is asked for, so that the second one is the first to need it.
TEST(Catalog, TheCostOfASharedCriterionIsThatOfTheTopicWhoseWatchItIs) {
  const auto many = patient_with_names(150);
  const std::string fires = R"({"resource":"Patient","fhirPathCriteria":"name.count() > 0"},)";
  const Catalog catalog({topic("first", fires + costly("none")), topic("second", costly("none"))},
                        {destination("first", 1), destination("second", 2)}, 1);
  ASSERT_EQ(catalog.criteria_in_use().size(), 2U);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, many.get(), nullptr, &recorder), ElementsAre(1));
  ASSERT_EQ(recorder.costs.size(), 1U);
  EXPECT_EQ(recorder.costs[0].watch, catalog.topics()[0]->triggers[1].watch);
  EXPECT_EQ(recorder.costs[0].topic_url, "first");
  EXPECT_EQ(recorder.costs[0].trigger, 1U);
}

TEST(Catalog, AWriteThatIsRolledBackDecidesNothingForOthers) {
  const auto many = patient_with_names(150);
  const auto none = resource_of(R"({"resourceType":"Patient","id":"p","name":[{"family":"x"}]})");
  const Catalog catalog({topic("hopeless", costly("none"))}, {destination("hopeless", 3)}, 1);
  const auto& watch = catalog.topics()[0]->triggers[0].watch;
  for (std::uint32_t i = 0; i < 3 * CriterionWatch::kLimit; ++i) {
    Recorder undone;
    match(catalog, Interaction::kCreate, many.get(), nullptr, &undone);
    match(catalog, Interaction::kCreate, none.get(), nullptr, &undone);
  }
  EXPECT_FALSE(watch->count().puts_off());
  EXPECT_FALSE(watch->count().has_failures());
}

TEST(Catalog, ACriterionIsPutOffForLaterWritesOfTheTransactionThatFoundItCostly) {
  const auto many = patient_with_names(150);
  const Catalog catalog({topic("hopeless", costly("none"))}, {destination("hopeless", 3)}, 1);
  const auto& watch = catalog.topics()[0]->triggers[0].watch;
  CriterionWatch::Count count = watch->count();
  Recorder within;
  MatchObserver observer = within.observer();
  observer.on_cost = [&](const CriterionCost& cost) { count.note(cost.finding); };
  observer.count_of = [&](const CriterionWatch&) { return count; };
  for (std::uint32_t i = 0; i <= CriterionWatch::kLimit; ++i)
    static_cast<void>(catalog.match({Interaction::kCreate, "Patient", many.get(), nullptr}, observer));
  EXPECT_EQ(within.kinds.back(), CriteriaError::Kind::kPutOff);
  EXPECT_FALSE(watch->count().has_failures()) << "before the commit";
  Recorder other;
  match(catalog, Interaction::kCreate, many.get(), nullptr, &other);
  EXPECT_THAT(other.kinds, ElementsAre(CriteriaError::Kind::kExhausted)) << "another transaction knows nothing of it";
}

TEST(Catalog, ACriterionThatCannotDecideLeavesItsTopicUndecidedAndNoOther) {
  const auto many = patient_with_names(150);
  const auto two_triggers = R"({"resource":"Patient","fhirPathCriteria":"gender = 'male'"},)" + costly("none");
  const Catalog catalog({topic("open", costly("none")), topic("fires", two_triggers),
                         topic("error", R"({"resource":"Patient","fhirPathCriteria":"name.family"})"),
                         topic("false", R"({"resource":"Patient","fhirPathCriteria":"gender = 'other'"})")},
                        {destination("open", 1), destination("open", 2), destination("fires", 3),
                         destination("error", 4), destination("false", 5)},
                        1);
  const Match found = catalog.match({Interaction::kCreate, "Patient", many.get(), nullptr}, {});
  EXPECT_THAT(found.slots, ElementsAre(3)) << "one trigger is enough";
  ASSERT_EQ(found.undecided.size(), 1U) << "an error that is no bound decides: it does not match";
  EXPECT_THAT(found.undecided[0].slots, ElementsAre(1, 2));
  EXPECT_THAT(found.undecided[0].reason, ::testing::HasSubstr("trigger[0] could not decide: the evaluation took more"));
}

TEST(Catalog, ACriterionThatIsPutOffLeavesItsTopicUndecided) {
  const auto hopeless = topic("hopeless", costly("none"));
  const Catalog catalog({hopeless}, {destination("hopeless", 3)}, 1);
  for (std::uint32_t i = 0; i < CriterionWatch::kLimit; ++i)
    hopeless->triggers[0].watch->note(CriterionWatch::Finding::kCostly);
  Recorder recorder;
  EXPECT_THAT(match(catalog, Interaction::kCreate, patient_with_names(1).get(), nullptr, &recorder), IsEmpty());
  EXPECT_THAT(recorder.undecided, ElementsAre(3)) << "never: no event";
}

TEST(Decision, DecidesWithALargerBudgetWhatAWriteCannot) {
  const auto many = patient_with_names(150);
  const auto patient_topic = [](std::string_view triggers) {
    std::vector<fhir::Issue> issues;
    return SubscriptionTopic::parse(
        *resource_of(fmt::format(
            R"({{"resourceType":"AidboxSubscriptionTopic","url":"t","status":"active","trigger":[{}]}})", triggers)),
        "t", issues, patient_limits());
  };
  const Change change{Interaction::kCreate, "Patient", many.get(), nullptr};
  using Outcome = Decision::Outcome;
  EXPECT_EQ(decide(*patient_topic(costly("none")), change, {}).outcome, Outcome::kDoesNotMatch);
  const std::string wanted = costly("none") + R"(,{"resource":"Patient","fhirPathCriteria":"gender = 'male'"})";
  EXPECT_EQ(decide(*patient_topic(wanted), change, {}).outcome, Outcome::kMatches);
  Recorder recorder;
  EXPECT_EQ(
      decide(*patient_topic(R"({"resource":"Patient","fhirPathCriteria":"name.family"})"), change, recorder.observer())
          .outcome,
      Outcome::kDoesNotMatch);
  EXPECT_EQ(recorder.errors.size(), 1U);
  const auto endless =
      patient_topic(R"x({"resource":"Patient","fhirPathCriteria":"1.repeat($this + 1).count() = 7"})x");
  const auto hopeless = decide(*endless, change, recorder.observer());
  EXPECT_EQ(hopeless.outcome, Outcome::kUndecided);
  EXPECT_FALSE(hopeless.out_of_steps) << "it met another limit";
  EXPECT_THAT(hopeless.reason, ::testing::HasSubstr("trigger[0] could not decide"));
  const std::atomic<bool> stop{true};
  EXPECT_EQ(decide(*patient_topic(costly("none")), change, {}, &stop).outcome, Outcome::kUndecided);
}

TEST(Decision, SaysWhetherMoreStepsMayDecide) {
  std::vector<fhir::Issue> issues;
  const auto parsed = SubscriptionTopic::parse(
      *resource_of(
          fmt::format(R"({{"resourceType":"AidboxSubscriptionTopic","url":"t","status":"active","trigger":[{}]}})",
                      costly("none"))),
      "t", issues, patient_limits());
  const auto many = patient_with_names(150);
  const Change change{Interaction::kCreate, "Patient", many.get(), nullptr};
  const Decision quick = decide(*parsed, change, {}, nullptr, 100'000);
  EXPECT_EQ(quick.outcome, Decision::Outcome::kUndecided);
  EXPECT_TRUE(quick.out_of_steps);
  EXPECT_EQ(decide(*parsed, change, {}).outcome, Decision::Outcome::kDoesNotMatch);
}

TEST(Catalog, CriteriaSeeTheTimeOfTheCommit) {
  const Catalog catalog({topic("t", R"x({"resource":"Patient","fhirPathCriteria":"today() = @2020-02-03"})x")},
                        {destination("t", 1)}, 1);
  Change change{Interaction::kCreate, "Patient", kMale.get(), nullptr, core::parse_instant("2020-02-03T23:59:59Z")};
  EXPECT_THAT(catalog.match(change, {}).slots, ElementsAre(1));
  change.now = core::parse_instant("2020-02-04T00:00:00Z");
  EXPECT_THAT(catalog.match(change, {}).slots, IsEmpty());
}

TEST(Catalog, AnErrorThatCostsNothingSwitchesNothingOff) {
  const auto two_names = resource_of(R"({"resourceType":"Patient","id":"p","name":[{"family":"a"},{"family":"b"}]})");
  const Catalog catalog({topic("bad", R"({"resource":"Patient","fhirPathCriteria":"name.family"})")},
                        {destination("bad", 1)}, 1);
  Recorder recorder;
  for (int i = 0; i < 50; ++i) match(catalog, Interaction::kCreate, two_names.get(), nullptr, &recorder);
  EXPECT_THAT(recorder.kinds, ::testing::AllOf(::testing::SizeIs(50), ::testing::Each(CriteriaError::Kind::kFailed)));
}

TEST(CriterionWatch, DoublesTheEventsItPutsOffUpToABound) {
  using Finding = CriterionWatch::Finding;
  using Turn = CriterionWatch::Turn;
  CriterionWatch watch;
  for (std::uint32_t i = 0; i < CriterionWatch::kLimit; ++i) {
    EXPECT_FALSE(watch.count().puts_off());
    EXPECT_EQ(watch.note(Finding::kCostly), i + 1 == CriterionWatch::kLimit ? Turn::kSwitchedOff : Turn::kNone);
  }
  std::vector<int> put_off;
  for (int tries = 0; tries < 10; ++tries) {
    put_off.push_back(0);
    for (; watch.count().puts_off(); ++put_off.back()) watch.note(Finding::kPutOff);
    EXPECT_EQ(watch.note(Finding::kCostly), Turn::kNone) << "it is off already";
  }
  EXPECT_THAT(put_off, ElementsAre(1, 2, 4, 8, 16, 32, 64, 128, 128, 128));
  EXPECT_EQ(watch.note(Finding::kWithinLimits), Turn::kLetInAgain);
  EXPECT_FALSE(watch.count().puts_off());
}

TEST(Catalog, NamesTheNearestTopicOfADestinationThatHasNone) {
  const std::string begin = "https://gw.example/fhir/messaging/of/some/length/subscription-topics/";
  const std::string trigger = R"({"resource":"Patient"})";
  const Catalog catalog({topic(begin + "patients", trigger), topic(begin + "orders", trigger, "draft")}, {}, 1);
  EXPECT_EQ(why_idle(catalog, begin + "patients"), "");
  EXPECT_EQ(why_idle(catalog, begin + "patinets"),
            "there is no AidboxSubscriptionTopic with url " + begin + "patinets; did you mean " + begin + "patients?");
  EXPECT_EQ(why_idle(catalog, begin + "orders"), "the AidboxSubscriptionTopic " + begin + "orders has status draft");
  EXPECT_EQ(why_idle(catalog, "urn:x"), "there is no AidboxSubscriptionTopic with url urn:x");
}

}  // namespace
}  // namespace embergate::topic
