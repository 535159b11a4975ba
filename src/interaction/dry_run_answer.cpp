// SPDX-License-Identifier: Apache-2.0
#include "interaction/dry_run_answer.hpp"

#include <fmt/format.h>

#include "embergate/core/text.hpp"
#include "embergate/fhir/outcome.hpp"

namespace embergate::interaction {
namespace {

using fhirpath::Truth;

constexpr std::size_t kMaxText = 1'000;
constexpr std::size_t kMaxWarnings = 50;

// One list of parameters or parts.
class Parts {
 public:
  void add(std::string_view name, std::string_view value_member, std::string_view json) {
    text_ += fmt::format(R"({}{{"name":"{}","{}":{}}})", text_.empty() ? "" : ",", name, value_member, json);
  }
  void boolean(std::string_view name, bool value) { add(name, "valueBoolean", value ? "true" : "false"); }
  void number(std::string_view name, std::uint64_t value) { add(name, "valueInteger", std::to_string(value)); }
  void string(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, "valueString", fhir::json_string(core::shortened(value, kMaxText)));
  }
  void code(std::string_view name, std::string_view value) { add(name, "valueCode", fhir::json_string(value)); }
  void part(std::string_view name, const Parts& parts) { add(name, "part", "[" + parts.text_ + "]"); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string_view name_of(Truth outcome) {
  switch (outcome) {
    case Truth::kTrue:
      return "true";
    case Truth::kFalse:
      return "false";
    case Truth::kEmpty:
      return "empty";
    case Truth::kError:
      break;
  }
  return "error";
}

void add_place(Parts& parts, std::size_t line, std::size_t column) {
  parts.number("line", line);
  parts.number("column", column);
}

void add_results(Parts& parts, const topic::TriggerReport& report) {
  parts.number("resultCount", report.item_count);
  for (const fhirpath::ResultItem& item : report.items) {
    Parts result;
    result.string("type", item.type);
    result.string("path", item.path);
    result.string("value", item.value);
    parts.part("result", result);
  }
}

void add_warnings(Parts& parts, const fhirpath::Expression& criteria) {
  std::size_t count = 0;
  for (const fhirpath::Warning& found : criteria.warnings()) {
    if (++count > kMaxWarnings) return;
    Parts warning;
    add_place(warning, found.line, found.column);
    warning.string("message", found.message);
    parts.part("warning", warning);
  }
}

void add_explanation(Parts& parts, const topic::TriggerReport& report) {
  for (const fhirpath::Step& step : report.explanation) {
    Parts told;
    told.string("expression", step.expression);
    add_place(told, step.line, step.column);
    told.number("depth", step.depth);
    told.string("input", step.input);
    told.number("items", step.items);
    told.string("value", step.result);
    parts.part("step", told);
  }
}

void add_trace(Parts& parts, const fhirpath::Trace& trace) {
  for (const fhirpath::Trace::Line& line : trace.lines) {
    Parts told;
    told.string("name", line.name);
    told.string("value", line.text);
    parts.part("trace", told);
  }
  if (trace.cut) parts.boolean("traceCut", true);
}

void add_outcome(Parts& parts, const topic::TriggerReport& report) {
  if (!report.outcome) return;
  parts.code("outcome", name_of(*report.outcome));
  if (report.error) {
    Parts error;
    add_place(error, report.error->line, report.error->column);
    error.string("message", report.error->message);
    parts.part("error", error);
  }
  add_results(parts, report);
  parts.number("stepsUsed", report.steps);
  add_trace(parts, report.trace);
  add_explanation(parts, report);
}

Parts trigger_of(const topic::Trigger& trigger, const topic::TriggerReport& report) {
  Parts parts;
  parts.number("index", report.index);
  parts.code("resource", trigger.resource);
  parts.boolean("typeFits", report.type_fits);
  parts.boolean("interactionFits", report.interaction_fits);
  parts.boolean("fires", report.fires);
  if (report.switched_off) parts.boolean("switchedOff", true);
  parts.string("why", report.why);
  if (trigger.criteria != nullptr) {
    parts.string("criteria", trigger.criteria->text());
    add_warnings(parts, *trigger.criteria);
  }
  add_outcome(parts, report);
  return parts;
}

}  // namespace

std::string render_dry_run(const DryRunSubject& subject, const topic::DryRunReport& report) {
  Parts all;
  all.boolean("fires", report.fires);
  all.string("why", report.why);
  all.add("topic", "valueUri", fhir::json_string(subject.topic.url));
  all.code("status", subject.topic.status);
  all.code("resource", subject.change.type);
  all.code("interaction", topic::to_string(subject.change.interaction));
  if (subject.destinations) {
    all.number("destinations", *subject.destinations);
    if (*subject.destinations == 0)
      all.string("note", "no AidboxTopicDestination is bound to this topic, so no one gets its events");
  }
  if (report.triggers.size() < subject.topic.triggers.size()) {
    all.string("note", fmt::format("the topic has {} triggers; the first {} were looked at",
                                   subject.topic.triggers.size(), report.triggers.size()));
  }
  for (const topic::TriggerReport& trigger : report.triggers)
    all.part("trigger", trigger_of(subject.topic.triggers[trigger.index], trigger));
  return fmt::format(R"({{"resourceType":"Parameters","parameter":[{}]}})", all.text());
}

}  // namespace embergate::interaction
