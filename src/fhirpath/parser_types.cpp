// SPDX-License-Identifier: Apache-2.0
// Names of types, and instances of them.
#include <fmt/format.h>

#include <utility>

#include "embergate/core/nearest.hpp"
#include "fhirpath/function_table.hpp"
#include "fhirpath/parser.hpp"

namespace embergate::fhirpath {

// A type name stands at the beginning of a term, or behind FHIR. there.
bool Parser::may_be_type(NodeId input, bool implicit_input) const {
  if (implicit_input) return true;
  const AstNode& space = program_.node(input);
  return space.op == Op::kMember && space.flag && program_.members[space.b].name == "FHIR";
}

NodeId Parser::instance(NodeId input, const Token& name, bool implicit_input) {
  const auto type = resolve_type(implicit_input ? name.value : "FHIR." + name.value, name.begin);
  if (!type) return kNoNode;
  if (program_.types[*type].type == fhir::kNoType)
    return fail_at(name.begin, fmt::format("{{ }} cannot make a {}", name.value), "only types of FHIR can be made");
  AstNode node{.op = Op::kInstance, .extra = *type, .position = program_.ranges[input].begin};
  if (!advance()) return kNoNode;
  if (token_.is_symbol(":")) {
    if (!advance()) return kNoNode;
  } else if (!instance_elements(node)) {
    return kNoNode;
  }
  if (!expect("}", "to close the instance")) return kNoNode;
  return add(node);
}

bool Parser::instance_elements(AstNode& node) {
  std::vector<NodeId> list;
  do {
    if (!list.empty() && !advance()) return false;
    const Token name = token_;
    if (name.kind != TokenKind::kIdentifier) {
      fail(fmt::format("expected the name of an element, found {}", found()), "for example Coding { code: 'a' }");
      return false;
    }
    if (!advance() || !expect(":", "after the name of an element")) return false;
    const NodeId value = expression(kLowest);
    if (failed()) return false;
    program_.members.push_back({.name = program_.strings.emplace_back(name.value)});
    const auto member = static_cast<std::uint32_t>(program_.members.size() - 1);
    list.push_back(add({.op = Op::kElementValue, .a = value, .b = member, .position = name.begin}));
    if (failed()) return false;
    if (list.size() > kManyArguments) {
      fail("too many elements");
      return false;
    }
  } while (token_.is_symbol(","));
  node.b = static_cast<std::uint32_t>(program_.arguments.size());
  node.count = static_cast<std::uint8_t>(list.size());
  program_.arguments.insert(program_.arguments.end(), list.begin(), list.end());
  return true;
}

std::optional<std::uint32_t> Parser::type_specifier() {
  std::string name;
  const std::uint32_t begin = token_.begin;
  for (int part = 0; part < 2; ++part) {
    if (token_.kind != TokenKind::kIdentifier) {
      fail(fmt::format("expected a type name, found {}", found()),
           "for example Quantity, FHIR.Quantity or System.String");
      return std::nullopt;
    }
    name += token_.value;
    if (!advance()) return std::nullopt;
    if (part == 1 || !token_.is_symbol(".")) break;
    if (!advance()) return std::nullopt;
    name.push_back('.');
  }
  return resolve_type(name, begin);
}

std::string Parser::nearest_type(std::string_view name) const {
  constexpr std::size_t kMostChanges = 2;
  core::Nearest nearest(name, kMostChanges);
  for (std::size_t i = 0; i < program_.model->type_count(); ++i) {
    const std::string_view known = program_.model->name_of(static_cast<fhir::TypeId>(i));
    if (known.find('.') == std::string_view::npos) nearest.offer(known);
  }
  return std::string(nearest.name());
}

std::optional<std::uint32_t> Parser::resolve_type(const std::string& name, std::uint32_t begin) {
  TypeSpecifier specifier;
  specifier.name = name;
  const std::size_t dot = name.find('.');
  const std::string_view space = dot == std::string::npos ? std::string_view() : std::string_view(name).substr(0, dot);
  const std::string_view local =
      dot == std::string::npos ? std::string_view(name) : std::string_view(name).substr(dot + 1);
  if (!space.empty() && space != "System" && space != "FHIR") {
    fail_at(begin, fmt::format("unknown namespace {}", space), "types are in FHIR or System");
    return std::nullopt;
  }
  if (space != "System") specifier.type = program_.model->find_type(local);
  if (space != "FHIR") {
    for (Tag tag = Tag::kBoolean; tag <= Tag::kQuantity; tag = static_cast<Tag>(static_cast<int>(tag) + 1)) {
      if (system_name(tag) == local) specifier.system = tag;
    }
  }
  if (specifier.type == fhir::kNoType && specifier.system == Tag::kElement && space != "System") {
    const std::string near = nearest_type(local);
    fail_at(begin, fmt::format("unknown type {}", name),
            near.empty() ? "types are named as in FHIR: Quantity, dateTime, Patient"
                         : fmt::format("did you mean {}?", near));
    return std::nullopt;
  }
  program_.types.push_back(std::move(specifier));
  return static_cast<std::uint32_t>(program_.types.size() - 1);
}

}  // namespace embergate::fhirpath
