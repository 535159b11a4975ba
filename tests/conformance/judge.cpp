// SPDX-License-Identifier: Apache-2.0
#include "conformance/judge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "embergate/core/time_format.hpp"
#include "embergate/fhirpath/expression.hpp"

namespace embergate::conformance {
namespace {

// One item in the suite's words: `type` as its attribute, `text` as its content.
struct Value {
  std::string type;
  std::string text;
  friend bool operator==(const Value&, const Value&) = default;
  friend auto operator<=>(const Value&, const Value&) = default;
};

std::string suite_type(std::string_view full_name) {
  std::string name(full_name.substr(full_name.find('.') + 1));
  if (name != "Quantity") name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  return name;
}

std::string quantity_text(const std::string& json) {
  const auto quantity = fhir::Resource::parse(json);
  if (!quantity) return json;
  const fhir::Node root = (*quantity)->root();
  return fmt::format("{} '{}'", root.member("value").raw(), root.member("unit").string());
}

bool is_zero(std::string_view number) {
  return !number.empty() && number.find_first_not_of("-0.") == std::string_view::npos;
}

// The sign of a zero says nothing.
std::string number_text(std::string_view number) {
  if (is_zero(number) && number.front() == '-') number.remove_prefix(1);
  return std::string(number);
}

bool is_number(std::string_view type) { return type == "integer" || type == "decimal" || type == "long"; }

Value value_of(const fhirpath::ResultItem& item) {
  Value value{suite_type(item.type), item.value};
  if (value.type == "Quantity") {
    value.text = quantity_text(item.value);
  } else if (item.value.front() == '"') {
    value.text = nlohmann::json::parse(item.value).get<std::string>();
  }
  if (value.type == "date" || value.type == "dateTime" || value.type == "instant") value.text = "@" + value.text;
  if (value.type == "time") value.text = "@T" + value.text;
  if (is_number(value.type)) value.text = number_text(value.text);
  return value;
}

// A literal without a type: its kind is written in it. Digits count: 1.50 is not 1.5.
bool is_literal(const std::string& wanted, const Value& have) {
  const bool is_temporal = have.type == "date" || have.type == "dateTime" || have.type == "time";
  const bool is_quantity = have.type == "Quantity";
  if (wanted.starts_with('@') != is_temporal) return false;
  if (wanted.ends_with('\'') != is_quantity) return false;
  return (is_number(have.type) ? number_text(wanted) : wanted) == have.text;
}

bool is_same(const Output& wanted, const Value& have) {
  if (!wanted.type) return is_literal(wanted.value, have);
  if (*wanted.type != have.type) return false;
  if (have.type == "decimal") return std::stod(wanted.value) == std::stod(have.text);
  return wanted.value == have.text;
}

bool are_same(const Case& test, std::vector<Value> have) {
  if (test.outputs.size() != have.size()) return false;
  if (test.ordered) return std::equal(test.outputs.begin(), test.outputs.end(), have.begin(), is_same);
  for (const Output& wanted : test.outputs) {
    const auto found =
        std::find_if(have.begin(), have.end(), [&](const Value& value) { return is_same(wanted, value); });
    if (found == have.end()) return false;
    have.erase(found);
  }
  return true;
}

// Empty is false, a Boolean itself, one other item true.
std::vector<Value> as_predicate(const std::vector<Value>& values) {
  if (values.empty()) return {{"boolean", "false"}};
  if (values.size() == 1 && values.front().type != "boolean") return {{"boolean", "true"}};
  return values;
}

std::string shown(const std::vector<Value>& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) texts.push_back(value.type + " " + value.text);
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string shown(const std::vector<Output>& outputs) {
  std::vector<std::string> texts;
  for (const Output& output : outputs) texts.push_back(output.type ? *output.type + " " + output.value : output.value);
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

Verdict passed() { return {true, {}}; }
Verdict failed(std::string reason) { return {false, std::move(reason)}; }

Verdict on_error(const Case& test, const core::Error& error) {
  if (test.failure != Failure::kNone) return passed();
  return failed(fmt::format("wanted {}, failed: {}", shown(test.outputs), error.diagnostics));
}

fhirpath::CompileOptions options_for(const Case& test, const fhir::Resource* input, const fhir::Model& model) {
  fhirpath::CompileOptions options;
  options.model = &model;
  if (input) options.context_type = model.find_type(input->type());
  static_cast<void>(test);
  return options;
}

// The first of the static check, or nothing. Advice on results is for criteria.
std::string finding_of(const fhirpath::Expression& expression) {
  for (const fhirpath::Warning& warning : expression.warnings()) {
    if (!warning.about_result) return warning.message;
  }
  return {};
}

}  // namespace

Verdict judge(const Case& test, const fhir::Resource* input, const fhir::Model& model) {
  const auto expression = fhirpath::Expression::compile(test.expression, options_for(test, input, model));
  if (!expression) return on_error(test, expression.error());
  const std::string finding = finding_of(**expression);
  if (test.strict && !finding.empty()) return on_error(test, core::make_error(core::ErrorCode::kInvalid, finding));
  fhirpath::EvaluationContext context;
  context.resource = input;
  context.now = core::parse_instant("2026-01-15T12:00:00Z");
  const auto items = (*expression)->evaluate(context);
  if (!items) return on_error(test, items.error());
  std::vector<Value> have;
  for (const fhirpath::ResultItem& item : *items) have.push_back(value_of(item));
  if (test.predicate) have = as_predicate(have);
  if (test.failure != Failure::kNone) return failed("wanted an error, got " + shown(have));
  return are_same(test, have) ? passed() : failed(fmt::format("wanted {}, got {}", shown(test.outputs), shown(have)));
}

}  // namespace embergate::conformance
