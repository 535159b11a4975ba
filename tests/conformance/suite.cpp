// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <string_view>

namespace embergate::conformance {
namespace {

std::string text_of(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node& child : node.children()) text += child.value();
  return text;
}

Failure failure_of(std::string_view word) {
  if (word == "syntax") return Failure::kSyntax;
  if (word == "semantic") return Failure::kSemantic;
  return word == "execution" ? Failure::kExecution : Failure::kNone;
}

Case read_case(const pugi::xml_node& node, const std::string& group) {
  const pugi::xml_node expression = node.child("expression");
  Case test;
  test.group = group;
  test.name = node.attribute("name").value();
  test.expression = text_of(expression);
  test.input = std::filesystem::path(node.attribute("inputfile").value()).stem();
  test.failure = failure_of(expression.attribute("invalid").value());
  const std::string_view mode =
      node.attribute("mode") ? node.attribute("mode").value() : expression.attribute("mode").value();
  test.strict =
      mode == "strict" || test.failure == Failure::kSemantic || node.attribute("checkOrderedFunctions").as_bool();
  test.mode = mode;
  test.ordered = node.attribute("ordered").as_bool(true);
  test.predicate = node.attribute("predicate").as_bool();
  for (const pugi::xml_node& output : node.children("output")) {
    Output& wanted = test.outputs.emplace_back();
    if (const auto type = output.attribute("type")) wanted.type = type.value();
    wanted.value = text_of(output);
  }
  return test;
}

}  // namespace

core::Result<std::vector<Case>> read_suite(const std::filesystem::path& file) {
  pugi::xml_document document;
  // Without this flag text that is only white space would be lost.
  const auto parsed = document.load_file(file.c_str(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!parsed) {
    return core::make_error(core::ErrorCode::kMalformed, fmt::format("{}: {}; scripts/test conformance fetches it",
                                                                     file.string(), parsed.description()));
  }
  std::vector<Case> all;
  for (const pugi::xml_node& group : document.child("tests").children("group")) {
    for (const pugi::xml_node& test : group.children("test"))
      all.push_back(read_case(test, group.attribute("name").value()));
  }
  if (all.empty()) return core::make_error(core::ErrorCode::kMalformed, file.string() + ": holds no test");
  return all;
}

}  // namespace embergate::conformance
