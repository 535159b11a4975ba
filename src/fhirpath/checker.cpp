// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "embergate/core/nearest.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kMaxWarnings = 20;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

Tag tag_of(fhir::SystemType type) {
  switch (type) {
    case fhir::SystemType::kBoolean:
      return Tag::kBoolean;
    case fhir::SystemType::kString:
      return Tag::kString;
    case fhir::SystemType::kInteger:
      return Tag::kInteger;
    case fhir::SystemType::kLong:
      return Tag::kLong;
    case fhir::SystemType::kDecimal:
      return Tag::kDecimal;
    case fhir::SystemType::kDate:
      return Tag::kDate;
    case fhir::SystemType::kDateTime:
      return Tag::kDateTime;
    case fhir::SystemType::kTime:
      return Tag::kTime;
    case fhir::SystemType::kNone:
      break;
  }
  return Tag::kElement;
}

}  // namespace

void add_type(StaticType& target, const TypeRef& type) {
  if (std::find(target.types.begin(), target.types.end(), type) == target.types.end()) target.types.push_back(type);
}

std::string fixed_variable(std::string_view name) {
  if (name == "ucum") return "http://unitsofmeasure.org";
  if (name == "sct") return "http://snomed.info/sct";
  if (name == "loinc") return "http://loinc.org";
  if (name.starts_with("vs-")) return fmt::format("http://hl7.org/fhir/ValueSet/{}", name.substr(3));
  if (name.starts_with("ext-")) return fmt::format("http://hl7.org/fhir/StructureDefinition/{}", name.substr(4));
  return {};
}

Checker::Checker(Program& program, const Names& names, const CompileOptions& options)
    : program_(program), names_(names), options_(options), model_(*program.model) {}

void Checker::fail(std::uint32_t position, std::string message, std::string hint) {
  if (!error_) error_ = ParseError{position, std::move(message), std::move(hint)};
}

void Checker::warn(std::uint32_t position, std::string message) {
  if (program_.warnings.size() >= kMaxWarnings) return;
  const Place place = place_of(program_.text, position);
  program_.warnings.push_back({place.line, place.column, std::move(message)});
}

std::optional<ParseError> Checker::run() {
  Scope scope;
  if (options_.context_type != fhir::kNoType) scope.self = StaticType::of({Tag::kElement, options_.context_type});
  Slots slots;
  const StaticType result = visit(program_.root, scope, slots);
  if (!error_) {
    const std::size_t before = program_.warnings.size();
    check_result(result);
    for (std::size_t i = before; i < program_.warnings.size(); ++i) program_.warnings[i].about_result = true;
  }
  return error_;
}

void Checker::check_result(const StaticType& type) {
  if (type.always_empty) {
    warn(program_.node(program_.root).position, "the result is always empty, so this never matches");
    return;
  }
  if (!type.known || type.types.empty()) return;
  const auto is_boolean = [this](const TypeRef& ref) {
    return ref.system == Tag::kBoolean ||
           (ref.type != fhir::kNoType && model_.system_type_of(ref.type) == fhir::SystemType::kBoolean);
  };
  if (std::any_of(type.types.begin(), type.types.end(), is_boolean)) return;
  warn(program_.node(program_.root).position,
       fmt::format("the result is {}, not a Boolean: one item counts as true, several are an error; end with .exists()",
                   names_of(type)));
}

std::string Checker::names_of(const StaticType& type) const {
  constexpr std::size_t kShown = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(type.types.size(), kShown); ++i) {
    if (i > 0) out += " or ";
    const TypeRef& ref = type.types[i];
    out += ref.system == Tag::kElement ? model_.name_of(ref.type) : system_name(ref.system);
  }
  return type.types.size() > kShown ? out + " or another type" : out;
}

StaticType Checker::visit(NodeId id, const Scope& scope, Slots& slots) {
  if (error_) return StaticType::unknown();
  AstNode& node = program_.nodes[id];
  switch (node.op) {
    case Op::kThis:
      return scope.self;
    case Op::kIndex:
      return StaticType::of({Tag::kInteger, fhir::kNoType});
    case Op::kTotal:
      return scope.total;
    case Op::kConstant: {
      StaticType result{true, node.b > 1, true, node.b == 0, {}};
      for (std::uint32_t i = 0; i < node.b; ++i)
        add_type(result, {program_.constants[node.a + i].tag(), fhir::kNoType});
      return result;
    }
    case Op::kVariable:
      return visit_variable(node, slots);
    case Op::kResource:
    case Op::kSlot:
    case Op::kRootType:
      return StaticType::unknown();
    case Op::kMember:
      return visit_member(node, scope, slots);
    case Op::kInstance:
      return visit_instance(AstNode(node), scope, slots);
    case Op::kFunction:
      return visit_function(id, scope, slots);
    default:
      return visit_operator(id, scope, slots);
  }
}

StaticType Checker::visit_variable(AstNode& node, const Slots& slots) {
  const std::string& name = names_.variables[node.a];
  const auto context = [this] {
    return options_.context_type == fhir::kNoType ? StaticType::unknown()
                                                  : StaticType::of({Tag::kElement, options_.context_type});
  };
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
    if (slot->name != name) continue;
    node.op = Op::kSlot;
    node.a = slot->number;
    return slot->type;
  }
  if (name == "context" || name == "resource" || name == "rootResource") {
    node.op = Op::kResource;
    return context();
  }
  const auto host = std::find(program_.host_variables.begin(), program_.host_variables.end(), name);
  if (host != program_.host_variables.end()) {
    node.a = static_cast<std::uint32_t>(host - program_.host_variables.begin());
    return context();
  }
  if (const std::string text = fixed_variable(name); !text.empty()) {
    program_.constants.push_back(Item::string(program_.strings.emplace_back(text)));
    node.op = Op::kConstant;
    node.a = static_cast<std::uint32_t>(program_.constants.size() - 1);
    node.b = 1;
    return StaticType::of({Tag::kString, fhir::kNoType});
  }
  std::string known = "%resource, %context, %ucum, %sct, %loinc";
  for (const std::string& variable : program_.host_variables) known = fmt::format("%{}, {}", variable, known);
  fail(node.position, fmt::format("undefined variable %{}", name), fmt::format("known are {}", known));
  return StaticType::unknown();
}

StaticType Checker::visit_member(AstNode& node, const Scope& scope, Slots& slots) {
  const StaticType input = visit(node.a, scope, slots);
  Member& member = program_.members[node.b];
  if (node.flag && !member.name.empty() && is_upper(member.name.front())) {
    const fhir::TypeId named = model_.find_type(member.name);
    if (named != fhir::kNoType) return visit_root_type(node, named, input);
  }
  if (!input.known) return StaticType::unknown();
  StaticType result{true, input.many, input.ordered, input.always_empty, {}};
  bool open = false;
  for (const TypeRef& from : input.types) add_members(node, member, from, result, open);
  resolve_member(member, input);
  if (open) return StaticType::unknown();
  if (result.types.empty() && !input.types.empty()) unknown_member(node, member, input);
  return result;
}

StaticType Checker::visit_instance(const AstNode& node, const Scope& scope, const Slots& slots) {
  const StaticType type = StaticType::of({Tag::kElement, program_.types[node.extra].type});
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const AstNode value = program_.node(program_.arguments[node.b + i]);
    Slots visible = slots;
    visit(value.a, scope, visible);
    if (error_) break;
    Member& member = program_.members[value.b];
    resolve_member(member, type);
    if (!member.element) unknown_member(value, member, type);
  }
  return type;
}

StaticType Checker::visit_root_type(AstNode& node, fhir::TypeId named, const StaticType& self) {
  node.op = Op::kRootType;
  node.extra = named;
  if (!self.known) return StaticType::of({Tag::kElement, named});
  StaticType result{true, false, true, false, {}};
  for (const TypeRef& from : self.types) {
    if (from.type == fhir::kNoType) continue;
    if (model_.is_a(from.type, named)) add_type(result, from);
    if (model_.is_a(named, from.type)) add_type(result, {Tag::kElement, named});
  }
  if (result.types.empty()) {
    warn(node.position, fmt::format("{} is never the type here ({}), so this path is always empty",
                                    model_.name_of(named), names_of(self)));
    result.always_empty = true;
  }
  return result;
}

// Adds what `member` may be on `from`. `open`: nothing more can be said.
void Checker::add_members(const AstNode& node, const Member& member, const TypeRef& from, StaticType& result,
                          bool& open) {
  if (from.system == Tag::kTypeInfo) {
    if (member.name == "name" || member.name == "namespace" || member.name == "baseType")
      add_type(result, {Tag::kString, fhir::kNoType});
    return;
  }
  if (from.system == Tag::kQuantity) {
    open = true;
    return;
  }
  if (from.type == fhir::kNoType) return;
  if (const fhir::Element* element = model_.find_element(from.type, member.name)) {
    result.many = result.many || element->is_list;
    for (const fhir::TypeId type : element->types) add_type(result, {Tag::kElement, type});
    return;
  }
  if (model_.kind_of(from.type) == fhir::TypeKind::kPrimitive && member.name == "value") {
    add_type(result, {tag_of(model_.system_type_of(from.type)), fhir::kNoType});
    return;
  }
  if (member.name == "resourceType" && model_.kind_of(from.type) == fhir::TypeKind::kResource) {
    add_type(result, {Tag::kString, fhir::kNoType});
    return;
  }
  if (const auto json = model_.find_json_member(from.type, member.name); json.element) {
    warn(node.position, fmt::format("{} is the JSON name; in FHIRPath write {}.ofType({})", member.name,
                                    json.element->name, model_.name_of(json.type)));
    result.many = result.many || json.element->is_list;
    add_type(result, {Tag::kElement, json.type});
    return;
  }
  if (model_.is_abstract(from.type)) open = true;
}

void Checker::resolve_member(Member& member, const StaticType& input) {
  if (input.types.size() != 1 || input.types.front().type == fhir::kNoType) return;
  const fhir::TypeId owner = input.types.front().type;
  const fhir::Element* element = model_.find_element(owner, member.name);
  if (!element) return;
  member.owner = owner;
  member.element = element;
  if (element->is_choice) return;
  member.type = element->types.front();
  member.is_primitive = model_.kind_of(member.type) == fhir::TypeKind::kPrimitive;
  member.is_resource = model_.kind_of(member.type) == fhir::TypeKind::kResource;
}

std::string Checker::nearest_member(std::string_view name, const StaticType& input) const {
  constexpr std::size_t kMostChanges = 3;
  core::Nearest nearest(name, kMostChanges);
  for (const TypeRef& from : input.types) {
    if (from.type == fhir::kNoType) continue;
    for (const fhir::Element* element : model_.elements_of(from.type)) nearest.offer(element->name);
  }
  return std::string(nearest.name());
}

std::string Checker::elements_of(const StaticType& input) const {
  constexpr std::size_t kShown = 10;
  std::string names;
  for (const TypeRef& from : input.types) {
    if (from.type == fhir::kNoType) continue;
    const auto elements = model_.elements_of(from.type);
    // Those of the type itself stand last.
    const std::size_t first = elements.size() - std::min(elements.size(), kShown);
    for (std::size_t i = elements.size(); i > first; --i)
      names += fmt::format("{}{}", names.empty() ? "it has " : ", ", elements[i - 1]->name);
    break;
  }
  return names;
}

void Checker::unknown_member(const AstNode& node, const Member& member, const StaticType& input) {
  const std::string near = nearest_member(member.name, input);
  fail(node.position, fmt::format("{} has no element {}", names_of(input), member.name),
       near.empty() ? elements_of(input) : fmt::format("did you mean {}?", near));
}

}  // namespace embergate::fhirpath
