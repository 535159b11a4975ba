// SPDX-License-Identifier: Apache-2.0
// Functions that FHIR adds to the language, and type().
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "fhirpath/evaluator.hpp"
#include "fhirpath/result_text.hpp"

namespace embergate::fhirpath {
namespace {
constexpr std::string_view kCoreProfile = "http://hl7.org/fhir/StructureDefinition/";
constexpr std::string_view kItemWeight = "http://hl7.org/fhir/StructureDefinition/itemWeight";
constexpr std::string_view kOrdinalValue = "http://hl7.org/fhir/StructureDefinition/ordinalValue";

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
    case Function::kCheckModifiers:
      return check_modifiers(node, scope, sink);
    default:
      return primitive_function(node, scope, sink);
  }
}

// Of anything but one FHIR primitive that has a value it is false, never empty: of nothing, of several items, of a
// complex element, of a System value.
Truth Evaluator::truth_has_value(const AstNode& node, const Scope& scope) {
  Item first;
  std::uint32_t seen = 0;
  stream(node.a, scope, [&](const Item& item) {
    first = item;
    return ++seen < 2;
  });
  return failed_ ? Truth::kError : truth_value(seen == 1 && values_.has_value(first));
}

// extension(url).exists()
Truth Evaluator::truth_has_extension(const AstNode& node, const Scope& scope) {
  std::string_view url;
  const Outcome outcome = argument_string(node, 0, scope, url);
  if (outcome != Outcome::kOne) return outcome == Outcome::kNone ? Truth::kFalse : Truth::kError;
  bool found = false;
  stream(node.a, scope, [&](const Item& item) {
    return extensions(item, url, [&](const Item&) {
      found = true;
      return false;
    });
  });
  return failed_ ? Truth::kError : truth_value(found);
}

// getValue(), htmlChecks() look at one primitive element.
bool Evaluator::primitive_function(const AstNode& node, const Scope& scope, Sink sink) {
  const fhir::Model& model = *program_.model;
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
  if (node.function == Function::kGetValue) return !has_value || sink(value);
  if (!has_value || value.tag() != Tag::kString) return true;
  return sink(Item::boolean(!value.as_string().empty() && !is_active_content(value.as_string())));
}

// The input, unless an item has a modifier extension that the caller does not know.
bool Evaluator::check_modifiers(const AstNode& node, const Scope& scope, Sink sink) {
  Collection known(arena_);
  for (std::uint32_t i = 0; i < node.count; ++i) {
    if (!collect(argument(node, i), scope, known)) return false;
  }
  const auto is_known = [&](std::string_view url) {
    Item value;
    return std::any_of(known.begin(), known.end(), [&](const Item& item) {
      return values_.to_system(item, value) == Conversion::kValue && value.tag() == Tag::kString &&
             value.as_string() == url;
    });
  };
  return stream(node.a, scope, [&](const Item& item) {
    const fhir::Node modifiers = item.is_element() ? item.node().member("modifierExtension") : fhir::Node();
    for (fhir::Node one = modifiers.first_child(); one; one = one.next_sibling(modifiers)) {
      const std::string_view url = one.member("url").string();
      if (!steps(known.size())) return false;
      if (!is_known(url)) return fail(node.position, fmt::format("checkModifiers() found {}", url));
    }
    return sink(item);
  });
}

Outcome Evaluator::element_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  if (node.function == Function::kConformsTo) return conforms(node, input, scope, out);
  if (node.function == Function::kWeight) return weight_of(input, out);
  const std::string path = path_of(input);
  return path.empty() ? Outcome::kNone : make_string(node, path, out);
}

// The score of a Coding, or of an answer that is one: it stands in an extension. Weights that only a questionnaire or
// a code system knows are not at hand.
Outcome Evaluator::weight_of(const Item& input, Item& out) {
  if (!input.is_element()) return Outcome::kNone;
  const auto weight_in = [&](fhir::Node element) {
    const fhir::Node extensions = element.member("extension");
    for (fhir::Node one = extensions.first_child(); one; one = one.next_sibling(extensions)) {
      const std::string_view url = one.member("url").string();
      if (url == kItemWeight || url == kOrdinalValue) return Decimal::parse(one.member("valueDecimal").number_text());
    }
    return std::optional<Decimal>();
  };
  const fhir::Node node = input.node();
  auto weight = weight_in(node ? node : input.sibling_node());
  if (!weight) weight = weight_in(node.member("valueCoding"));
  return weight ? one(out, Item::decimal(*weight)) : Outcome::kNone;
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
