// SPDX-License-Identifier: Apache-2.0
// What criteria of one event have in common is found once, and nobody can tell.
#include "embergate/fhirpath/shared_parts.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "evaluation.hpp"
#include "trigger_data.hpp"

namespace embergate::fhirpath::test {
namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<const Expression> compiled(std::string_view text) {
  CompileOptions options;
  options.variables = {"current", "previous"};
  return Expression::compile(text, options).value();
}

Texts parts_of(std::string_view text) { return compiled(text)->shareable_parts(); }

// One event: each text of a part gets one number, no matter who has it.
class Event {
 public:
  explicit Event(const fhir::ResourcePtr& previous, const fhir::ResourcePtr& current)
      : context_(context_of(previous, current)) {
    context_.shared = &shared_;
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  Truth truth(const Expression& expression) {
    std::vector<std::uint32_t> numbers;
    for (const std::string& part : expression.shareable_parts())
      numbers.push_back(numbers_.emplace(part, static_cast<std::uint32_t>(numbers_.size())).first->second);
    context_.parts = numbers;
    context_.steps_used = &steps_;
    return expression.evaluate_truth(context_);
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  SharedParts shared_{1'000};
  std::map<std::string, std::uint32_t> numbers_;
  std::uint64_t steps_ = 0;
  EvaluationContext context_;
};

TEST(SharedParts, DoNotChangeAnyDecision) {
  const auto all = criteria();
  std::size_t shared = 0;
  for (const Change& change : changes()) {
    Event event(change.previous, change.current);
    for (const Criterion& criterion : all) {
      if (criterion.type != change.type) continue;
      const Truth alone = criterion.expression->evaluate_truth(context_of(change.previous, change.current));
      EXPECT_EQ(event.truth(*criterion.expression), alone) << criterion.id << " " << change.id;
      EXPECT_EQ(event.truth(*criterion.expression), alone) << criterion.id << " again " << change.id;
      shared += criterion.expression->shareable_parts().size();
    }
  }
  EXPECT_GT(shared, 1'000U);
}

TEST(SharedParts, ArePathsFromTheRootOrAVariable) {
  EXPECT_EQ(parts_of("repeat(item).where(linkId = 'a').answer.exists()"), Texts{"$this.repeat($this.item)"});
  EXPECT_EQ(parts_of("%current.name.given = %previous.name.given"),
            (Texts{"%current.name.given", "%previous.name.given"}));
  EXPECT_EQ(parts_of("descendants( ).ofType(Coding).code = 'x' or descendants().ofType(Coding).code='y'"),
            Texts{"$this.descendants().ofType(Coding).code"});
  EXPECT_EQ(parts_of("item.extension('urn:a').value.exists()"), Texts{"$this.item.extension(5:urn:a).value"});
  EXPECT_EQ(parts_of("status = 'final'"), Texts{});
}

TEST(SharedParts, EndBeforeTheRestOfAFilterByType) {
  const Texts shared{"$this.descendants().where($this is BackboneElement)", "$this.descendants()"};
  EXPECT_EQ(parts_of("descendants().where($this is BackboneElement and linkId = 'a').exists()"), shared);
  EXPECT_EQ(parts_of("descendants().where($this is BackboneElement and linkId = 'b').answer.exists()"), shared);
  EXPECT_EQ(parts_of("descendants().where(linkId = 'a' and $this is BackboneElement).exists()"),
            Texts{"$this.descendants()"});
}

TEST(SharedParts, KeepTheIndexOfAFilterByType) {
  EXPECT_EQ(parts_of("descendants().where($this is BackboneElement and $index > 0).exists()"),
            Texts{"$this.descendants()"});
}

TEST(SharedParts, OfAFilterByTypeAreFilteredOnByEach) {
  const auto questionnaire = resource(
      R"({"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","item":[{"linkId":"2"},{"linkId":"3"}]}]})");
  Event event(nullptr, questionnaire);
  for (int i = 0; i < 2; ++i) {
    for (const auto& [link, expected] : {std::pair("2", Truth::kTrue), {"4", Truth::kFalse}, {"3", Truth::kTrue}}) {
      const auto expression =
          compiled(fmt::format("descendants().where($this is BackboneElement and linkId = '{}').exists()", link));
      EXPECT_EQ(event.truth(*expression), expected) << link;
    }
  }
}

TEST(SharedParts, DoNotBeginAtTheItemOfAFilter) {
  EXPECT_EQ(parts_of("item.where(repeat(item).linkId = 'a').exists()"), Texts{});
  EXPECT_EQ(parts_of("item.where(%current.subject.reference = 'a').exists()"), Texts{"%current.subject.reference"});
  EXPECT_EQ(parts_of("item.repeat(item.where(linkId = 'a')).exists()"), Texts{});
}

TEST(SharedParts, AreFoundOnce) {
  const auto questionnaire = resource(
      R"({"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","item":[{"linkId":"2"},{"linkId":"3"}]}]})");
  const auto first = compiled("repeat(item).where(linkId = '3').exists()");
  const auto second = compiled("repeat(item).where(linkId = '4').exists()");
  Event event(nullptr, questionnaire);
  EXPECT_EQ(event.truth(*first), Truth::kTrue);
  const std::uint64_t found = event.steps();
  EXPECT_EQ(event.truth(*second), Truth::kFalse);
  EXPECT_LT(event.steps(), found);
}

TEST(SharedParts, ThatAreTooLongAreFoundAnew) {
  std::string json = R"({"resourceType":"QuestionnaireResponse","item":[{"linkId":"0"})";
  for (std::size_t i = 0; i < SharedParts::kMaxItems; ++i) json += ",{}";
  const auto questionnaire = resource(json + "]}");
  const auto expression = compiled("children().where(linkId = '0').exists()");
  ASSERT_FALSE(expression->shareable_parts().empty());
  Event event(nullptr, questionnaire);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(event.truth(*expression), Truth::kTrue);
}

}  // namespace
}  // namespace embergate::fhirpath::test
