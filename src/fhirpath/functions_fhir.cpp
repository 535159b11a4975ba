// SPDX-License-Identifier: Apache-2.0
// Functions that FHIR adds to the language, and type().
#include <fmt/format.h>

#include <array>
#include <string>

#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {
namespace {
constexpr std::string_view kCoreProfile = "http://hl7.org/fhir/StructureDefinition/";

bool is_active_content(std::string_view text) {
  constexpr std::array<std::string_view, 10> kForbidden = {"<script", "<form",  "<iframe", "<object", "<embed",
                                                           "<link",   "<input", "<base",   " on",     "javascript:"};
  for (const std::string_view word : kForbidden) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      if (word != " on") return true;
      // An attribute on...= inside a tag.
      const std::size_t equals = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at + 1);
      const std::size_t open = text.rfind('<', at);
      const std::size_t close = text.rfind('>', at);
      const bool in_tag = open != std::string_view::npos && (close == std::string_view::npos || close < open);
      if (in_tag && equals != std::string_view::npos && text[equals] == '=') return true;
    }
  }
  return false;
}
}  // namespace

bool Evaluator::stream_fhir(const AstNode& node, const Scope& scope, Sink sink) {
  const fhir::Model& model = *program_.model;
  switch (node.function) {
    case Function::kExtension: {
      std::string_view url;
      const Outcome outcome = argument_string(node, 0, scope, url);
      if (outcome != Outcome::kOne) return outcome == Outcome::kNone;
      return stream(node.a, scope, [&](const Item& item) { return extensions(item, url, sink); });
    }
    case Function::kType:
      return stream(node.a, scope, [&](const Item& item) {
        return sink(Item::type_info(item.tag(), item.is_element() ? item.type() : fhir::kNoType));
      });
    case Function::kResolve:
      return stream(node.a, scope, [&](const Item& item) { return resolve(item, sink); });
    default:
      break;
  }
  // hasValue(), getValue(), htmlChecks() look at one primitive element.
  Item first;
  std::uint32_t seen = 0;
  stream(node.a, scope, [&](const Item& item) {
    first = item;
    return ++seen < 2;
  });
  if (failed_) return false;
  const bool is_primitive = seen == 1 && first.is_element() && first.type() != fhir::kNoType &&
                            model.kind_of(first.type()) == fhir::TypeKind::kPrimitive;
  Item value;
  const bool has_value = is_primitive && values_.to_system(first, value) == Conversion::kValue;
  if (node.function == Function::kHasValue) return !is_primitive || sink(Item::boolean(has_value));
  if (node.function == Function::kGetValue) return !has_value || sink(value);
  if (!has_value || value.tag() != Tag::kString) return true;
  return sink(Item::boolean(!value.as_string().empty() && !is_active_content(value.as_string())));
}

Outcome Evaluator::conforms(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  std::string_view url;
  const Outcome outcome = argument_string(node, 0, scope, url);
  if (outcome != Outcome::kOne) return outcome;
  const fhir::TypeId wanted =
      url.starts_with(kCoreProfile) ? program_.model->find_type(url.substr(kCoreProfile.size())) : fhir::kNoType;
  if (wanted == fhir::kNoType)
    return error(node, fmt::format("the profile {} is not known; only the base types of FHIR are", url));
  return one(out, Item::boolean(input.is_element() && input.type() != fhir::kNoType &&
                                program_.model->is_a(input.type(), wanted)));
}

}  // namespace embergate::fhirpath
