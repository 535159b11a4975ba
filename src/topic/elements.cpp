// SPDX-License-Identifier: Apache-2.0
#include "topic/elements.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::topic {
namespace {

constexpr ElementRule kResourceElements[] = {
    {"resourceType", Shape::kString},  {"id", Shape::kString},         {"meta", Shape::kObject},
    {"implicitRules", Shape::kString}, {"language", Shape::kString},   {"text", Shape::kObject},
    {"contained", Shape::kObjects},    {"extension", Shape::kObjects},
};
constexpr ElementRule kBackboneElements[] = {{"id", Shape::kString}, {"extension", Shape::kObjects}};

bool is_primitive(Shape shape) {
  return shape == Shape::kString || shape == Shape::kBoolean || shape == Shape::kStrings;
}

std::string_view name_of(Shape shape) {
  switch (shape) {
    case Shape::kString:
      return "a string";
    case Shape::kBoolean:
      return "true or false";
    case Shape::kObject:
      return "an object";
    case Shape::kStrings:
      return "a list of strings";
    case Shape::kObjects:
      return "a list of objects";
  }
  return "";
}

bool all_items(fhir::Node list, fhir::NodeKind kind) {
  if (!list.is_array() || list.size() == 0) return false;
  for (fhir::Node item = list.first_child(); item; item = item.next_sibling(list)) {
    if (item.kind() != kind) return false;
  }
  return true;
}

bool has_shape(fhir::Node node, Shape shape) {
  switch (shape) {
    case Shape::kString:
      return node.is_string();
    case Shape::kBoolean:
      return node.is_bool();
    case Shape::kObject:
      return node.is_object();
    case Shape::kStrings:
      return all_items(node, fhir::NodeKind::kString);
    case Shape::kObjects:
      return all_items(node, fhir::NodeKind::kObject);
  }
  return false;
}

const ElementRule* find_rule(std::string_view name, std::span<const ElementRule> rules) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const ElementRule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

bool is_sibling_of_primitive(std::string_view name, std::span<const ElementRule> rules,
                             std::span<const ElementRule> common) {
  if (!name.starts_with('_')) return false;
  name.remove_prefix(1);
  const ElementRule* rule = find_rule(name, rules);
  if (rule == nullptr) rule = find_rule(name, common);
  return rule != nullptr && is_primitive(rule->shape);
}

}  // namespace

void add_issue(Issues& issues, std::string_view code, std::string diagnostics, std::string expression) {
  if (issues.size() >= kMaxIssues) return;
  fhir::Issue issue;
  issue.code = std::string(code);
  issue.diagnostics = std::move(diagnostics);
  issue.expression = std::move(expression);
  issues.push_back(std::move(issue));
}

bool has_errors(const Issues& issues, std::size_t from) {
  return std::any_of(issues.begin() + static_cast<std::ptrdiff_t>(std::min(from, issues.size())), issues.end(),
                     [](const fhir::Issue& issue) { return issue.severity == "fatal" || issue.severity == "error"; });
}

void check_elements(fhir::Node object, std::string_view path, std::span<const ElementRule> rules,
                    std::span<const ElementRule> common, Issues& issues) {
  for (fhir::Node member = object.first_child(); member; member = member.next_sibling(object)) {
    const std::string_view name = member.name();
    const ElementRule* rule = find_rule(name, rules);
    if (rule == nullptr) rule = find_rule(name, common);
    if (rule != nullptr) {
      if (!has_shape(member, rule->shape)) {
        add_issue(issues, "invalid", fmt::format("{} must be {}", name, name_of(rule->shape)),
                  fmt::format("{}.{}", path, name));
      }
    } else if (!is_sibling_of_primitive(name, rules, common)) {
      add_issue(issues, "invalid", fmt::format("unknown element \"{}\"", name), fmt::format("{}.{}", path, name));
    }
  }
  for (const ElementRule& rule : rules) {
    if (rule.required && !object.member(rule.name)) {
      add_issue(issues, "invalid", fmt::format("{} is required", rule.name), fmt::format("{}.{}", path, rule.name));
    }
  }
}

std::span<const ElementRule> resource_elements() { return kResourceElements; }
std::span<const ElementRule> backbone_elements() { return kBackboneElements; }

std::string list_of(std::span<const std::string_view> values) {
  std::string text;
  for (const std::string_view value : values) text += fmt::format("{}\"{}\"", text.empty() ? "" : " | ", value);
  return text;
}

}  // namespace embergate::topic
