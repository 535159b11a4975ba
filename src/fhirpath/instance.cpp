// SPDX-License-Identifier: Apache-2.0
// Instances: Type { name: value, ... } makes an element. It is written as JSON and parsed, so that from then on it is
// an element like any other.
#include <fmt/format.h>

#include <algorithm>

#include "embergate/fhir/outcome.hpp"
#include "fhirpath/evaluator.hpp"
#include "fhirpath/result_text.hpp"

namespace embergate::fhirpath {
namespace {

fhir::SystemType system_type_of(Tag tag) {
  switch (tag) {
    case Tag::kBoolean:
      return fhir::SystemType::kBoolean;
    case Tag::kString:
      return fhir::SystemType::kString;
    case Tag::kInteger:
      return fhir::SystemType::kInteger;
    case Tag::kLong:
      return fhir::SystemType::kLong;
    case Tag::kDecimal:
      return fhir::SystemType::kDecimal;
    case Tag::kDate:
      return fhir::SystemType::kDate;
    case Tag::kDateTime:
      return fhir::SystemType::kDateTime;
    case Tag::kTime:
      return fhir::SystemType::kTime;
    default:
      return fhir::SystemType::kNone;
  }
}

// What a System value is called in FHIR when a choice leaves it open: a String is a string, not a code or a uri.
std::string_view usual_name(Tag tag) {
  switch (tag) {
    case Tag::kBoolean:
      return "boolean";
    case Tag::kString:
      return "string";
    case Tag::kInteger:
      return "integer";
    case Tag::kLong:
      return "integer64";
    case Tag::kDecimal:
      return "decimal";
    case Tag::kDate:
      return "date";
    case Tag::kDateTime:
      return "dateTime";
    case Tag::kTime:
      return "time";
    case Tag::kQuantity:
      return "Quantity";
    default:
      return {};
  }
}

// Which of the types of an element an item can be; kNoType: none.
fhir::TypeId type_for(const fhir::Model& model, const fhir::Element& element, const Item& item) {
  const auto allowed = [&](const auto& fits) {
    const auto* const found = std::find_if(element.types.data(), element.types.data() + element.types.size(), fits);
    return found == element.types.data() + element.types.size() ? fhir::kNoType : *found;
  };
  if (item.is_element()) {
    const fhir::TypeId exact = allowed([&](fhir::TypeId type) { return type == item.type(); });
    if (exact != fhir::kNoType || element.is_choice) return exact;
    const fhir::SystemType system = model.system_type_of(item.type());
    return allowed([&](fhir::TypeId type) {
      return model.is_a(item.type(), type) || model.is_abstract(type) ||
             model.kind_of(type) == fhir::TypeKind::kBackbone ||
             (system != fhir::SystemType::kNone && model.system_type_of(type) == system);
    });
  }
  const std::string_view usual = usual_name(item.tag());
  const fhir::TypeId named = allowed([&](fhir::TypeId type) { return model.name_of(type) == usual; });
  if (named != fhir::kNoType) return named;
  const fhir::SystemType system = system_type_of(item.tag());
  return allowed([&](fhir::TypeId type) {
    const fhir::SystemType wanted = model.system_type_of(type);
    return system != fhir::SystemType::kNone &&
           (wanted == system || (wanted == fhir::SystemType::kDecimal && item.is_number()) ||
            (wanted == fhir::SystemType::kDateTime && item.tag() == Tag::kDate));
  });
}

std::string json_name(const fhir::Element& element, std::string_view type) {
  std::string name(element.name);
  if (!element.is_choice || type.empty()) return name;
  name += type;
  char& capital = name[element.name.size()];
  if (capital >= 'a' && capital <= 'z') capital = static_cast<char>(capital - 'a' + 'A');
  return name;
}

}  // namespace

bool Evaluator::stream_instance(const AstNode& node, const Scope& scope, Sink sink) {
  constexpr std::size_t kBytesPerStep = 16;
  constexpr std::size_t kBytesInATree = 8;  // for each byte of text, about
  const fhir::TypeId type = program_.types[node.extra].type;
  const fhir::Model& model = *program_.model;
  std::string json = "{";
  if (model.kind_of(type) == fhir::TypeKind::kResource)
    json += fmt::format(R"("resourceType":"{}")", model.name_of(type));
  for (std::uint32_t i = 0; i < node.count; ++i) {
    if (!append_element(program_.node(argument(node, i)), scope, json)) return false;
  }
  json += '}';
  other_bytes_ += json.size() * kBytesInATree;
  if (!steps(json.size() / kBytesPerStep + 1)) return false;
  auto parsed = fhir::Resource::parse(std::move(json));
  if (!parsed) return fail(node.position, fmt::format("{{ }}: {}", parsed.error().diagnostics));
  made_.push_back(std::move(*parsed));
  return sink(Item::element(made_.back().get(), 0, kNoIndex, type));
}

bool Evaluator::append_element(const AstNode& value, const Scope& scope, std::string& json) {
  const fhir::Element& element = *program_.members[value.b].element;
  const fhir::Model& model = *program_.model;
  Collection items(arena_);
  if (!collect(value.a, scope, items)) return false;
  if (items.empty()) return true;
  if (items.size() > 1 && !element.is_list)
    return fail(value.position, fmt::format("the element {} takes one item", element.name));
  const fhir::TypeId type = type_for(model, element, items[0]);
  if (type == fhir::kNoType) {
    return fail(value.position,
                fmt::format("the element {} cannot be a {}", element.name,
                            items[0].is_element() ? model.name_of(items[0].type()) : system_name(items[0].tag())));
  }
  if (json.size() > 1) json += ',';
  json += fmt::format(R"("{}":)", json_name(element, model.name_of(type)));
  if (element.is_list) json += '[';
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    if (i > 0) json += ',';
    json += json_of(values_, items[i]);
    if (json.size() > program_.limits.max_string_bytes)
      return exhaust(value.position,
                     fmt::format("an instance is longer than {} bytes", program_.limits.max_string_bytes));
  }
  if (element.is_list) json += ']';
  return true;
}

}  // namespace embergate::fhirpath
