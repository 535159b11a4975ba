// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "embergate/core/time_format.hpp"
#include "embergate/fhirpath/expression.hpp"

namespace embergate::fuzz {
namespace {

using fhirpath::Truth;

constexpr std::string_view kSeparator = "\n%%\n";

// Something of everything: choices, primitive extensions, contained resources, quantities, partial dates.
constexpr std::string_view kResource = R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"3",
"lastUpdated":"2026-01-15T12:00:00.123+02:00"},"text":{"status":"generated","div":"<div>text &amp; more</div>"},
"contained":[{"resourceType":"Organization","id":"o1","name":"Clinic"},{"resourceType":"Observation","id":"ob",
"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":1.50,
"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},"referenceRange":[{"low":{"value":-3},"high":{"value":1e2}}]}],
"extension":[{"url":"http://example.org/e","valueDecimal":0.10},{"url":"http://example.org/f","extension":[{"url":"x",
"valueCodeableConcept":{"text":"y"}}]}],"identifier":[{"system":"urn:a","value":"1","period":{"start":"2015"}}],
"active":true,"name":[{"use":"official","family":"Müller","given":["Ann",null,"Bo"],"_given":[null,{"id":"g2",
"extension":[{"url":"http://example.org/g","valueString":"\ud83d\ude00"}]},null]},{"use":"usual","given":["A"]}],
"birthDate":"1974-12","_birthDate":{"extension":[{"url":"http://example.org/t","valueDateTime":"1974-12-25T14:35:45Z"}]},
"deceasedBoolean":false,"multipleBirthInteger":2147483647,"managingOrganization":{"reference":"#o1"},
"generalPractitioner":[{"reference":"Practitioner/1"},{"reference":"#ob","type":"Observation"}],
"communication":[{"language":{"coding":[{"code":"de","display":"Deutsch"}]},"preferred":true}]})";

[[noreturn]] void broken(std::string_view promise, std::string_view text) {
  fmt::print(stderr, "broken promise: {}\n  {}\n", promise, text);
  std::abort();
}

void check(bool kept, std::string_view promise, std::string_view text) {
  if (!kept) broken(promise, text);
}

// Enough for what people write, little enough for many runs a second.
fhirpath::CompileOptions options_for(std::string_view type) {
  fhirpath::CompileOptions options;
  options.context_type = type.empty() ? fhir::kNoType : fhir::Model::r4().find_type(type);
  options.variables = {"current", "previous"};
  options.limits.max_steps = 20'000;
  options.limits.max_items = 5'000;
  options.limits.max_string_bytes = 64 * 1024;
  return options;
}

void compile_for(std::string_view text, std::string_view type) {
  const auto expression = fhirpath::Expression::compile(text, options_for(type));
  if (!expression) {
    check(expression.error().diagnostics.starts_with("line "), "a refusal names its place",
          expression.error().diagnostics);
    return;
  }
  check((*expression)->text() == text, "an expression keeps its text", text);
}

// What a criterion makes of a collection.
Truth decided_by(const std::vector<fhirpath::ResultItem>& items) {
  if (items.empty()) return Truth::kEmpty;
  if (items.size() > 1) return Truth::kError;
  const fhirpath::ResultItem& item = items.front();
  if (item.type == "System.Boolean" || item.type == "FHIR.boolean") {
    if (item.value == "true") return Truth::kTrue;
    return item.value == "false" ? Truth::kFalse : Truth::kEmpty;
  }
  return Truth::kTrue;
}

// A short cut may skip what would fail, so an error says nothing of the other way; a result does.
void compare_ways(const fhirpath::Expression& expression, const fhirpath::EvaluationContext& context) {
  fhirpath::EvaluationError error;
  const Truth truth = expression.evaluate_truth(context, &error);
  const auto items = expression.evaluate(context);
  if (!items || (truth == Truth::kError && error.exhausted)) return;
  if (items->size() == 1 && items->front().value == "null") return;
  check(truth == decided_by(*items), "both ways of evaluation agree", expression.text());
}

// What was found for other expressions of an event changes no answer, neither when it is kept nor when it is used.
void compare_shared(const fhirpath::Expression& expression, fhirpath::EvaluationContext context) {
  if (expression.shareable_parts().empty()) return;
  const Truth alone = expression.evaluate_truth(context);
  std::vector<std::uint32_t> numbers(expression.shareable_parts().size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  fhirpath::SharedParts shared(numbers.size());
  context.shared = &shared;
  context.parts = numbers;
  for (int i = 0; i < 2; ++i) {
    const Truth together = expression.evaluate_truth(context);
    if (alone == Truth::kError || together == Truth::kError) return;
    check(alone == together, "shared parts change nothing", expression.text());
  }
}

void run(const fhirpath::Expression& expression, const fhir::Resource* current, const fhir::Resource* previous) {
  fhirpath::EvaluationContext context;
  context.resource = current ? current : previous;
  context.variables = {{"current", current}, {"previous", previous}};
  context.now = core::parse_instant("2026-01-15T12:00:00Z");
  compare_ways(expression, context);
  compare_shared(expression, context);
}

}  // namespace

void expression(std::string_view input) {
  compile_for(input, "");
  compile_for(input, "Patient");
}

void evaluation(std::string_view input) {
  const std::size_t at = input.find(kSeparator);
  const std::string_view text = input.substr(0, at);
  const std::string_view json = at == std::string_view::npos ? kResource : input.substr(at + kSeparator.size());
  fhir::ParseLimits limits;
  limits.max_bytes = 64 * 1024;
  const auto resource = fhir::Resource::parse(std::string(json), limits);
  if (!resource) return;
  const auto expression = fhirpath::Expression::compile(text, options_for((*resource)->type()));
  if (!expression) return;
  run(**expression, resource->get(), resource->get());
  run(**expression, resource->get(), nullptr);
}

}  // namespace embergate::fuzz
