// SPDX-License-Identifier: Apache-2.0
// Paths over the parsed tree (FHIR R4 json): lists are spliced, a primitive and its `_name` are one element, the JSON
// name of a choice gives its type.
#include "fhirpath/navigation.hpp"

#include <fmt/format.h>

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kMaxDescent = 200;

fhir::Node sibling_of(fhir::Node object, std::string_view name) {
  for (fhir::Node child = object.first_child(); child; child = child.next_sibling(object)) {
    if (is_sibling_name(child.name(), name)) return child;
  }
  return {};
}

fhir::Node node_at(const fhir::Resource* owner, std::uint32_t index) {
  return index == kNoIndex ? fhir::Node() : fhir::Node(owner, index);
}

}  // namespace

fhir::TypeId Evaluator::type_of_resource(fhir::Node node) const {
  return program_.model->find_type(node.member("resourceType").string());
}

// Values of a list with those of its `_name` list. A null on one side means nothing on that side.
bool Evaluator::each_pair(const fhir::Resource* owner, std::uint32_t values, std::uint32_t siblings, ValueType type,
                          Sink sink) {
  const fhir::Node lists[] = {node_at(owner, values), node_at(owner, siblings)};
  fhir::Node left = lists[0].is_array() ? lists[0].first_child() : fhir::Node();
  fhir::Node right = lists[1].is_array() ? lists[1].first_child() : fhir::Node();
  while (left || right) {
    if (!take_value(owner, index_of(left), index_of(right), type, sink)) return false;
    if (left) left = left.next_sibling(lists[0]);
    if (right) right = right.next_sibling(lists[1]);
  }
  return true;
}

bool Evaluator::emit_values(const fhir::Resource* owner, fhir::Node value, fhir::Node sibling, fhir::TypeId type,
                            Sink sink) {
  const bool is_resource = type != fhir::kNoType && program_.model->kind_of(type) == fhir::TypeKind::kResource;
  return each_value(owner, index_of(value), index_of(sibling), {type, is_resource}, sink);
}

bool Evaluator::stream_member(const AstNode& node, const Scope& scope, Sink sink) {
  return walk_member(node, scope, sink);
}

// What stream_member() would give, counted; the items of a list without nulls are not looked at.
bool Evaluator::count_member(const AstNode& node, const Scope& scope, std::int64_t& count) {
  const Member& member = program_.members[node.b];
  const auto counted = [&](const Item&) {
    ++count;
    return true;
  };
  return step() && stream(node.a, scope, [&](const Item& item) {
           if (!is_plain(item, member)) return navigate(item, member, counted);
           const FoundMember found = find_member(item, member);
           const auto type = ValueType{member.type, member.is_resource};
           if (found.value == kNoIndex || found.sibling != kNoIndex)
             return each_value(item.owner(), found.value, found.sibling, type, counted);
           const fhir::NodeRecord& list = item.owner()->record(found.value);
           if (list.kind != fhir::NodeKind::kArray || (list.flags & fhir::kHoldsNull) != 0)
             return each_value(item.owner(), found.value, found.sibling, type, counted);
           count += list.extra;
           return steps(list.extra);
         });
}

bool Evaluator::navigate_unresolved(const Item& item, const Member& member, Sink sink) {
  if (!item.is_element()) return navigate_system(item, member.name, sink);
  if (item.type() == fhir::kNoType) return navigate_untyped(item, member.name, sink);
  const fhir::Model& model = *program_.model;
  if (model.kind_of(item.type()) == fhir::TypeKind::kPrimitive) return navigate_primitive(item, member.name, sink);
  if (const fhir::Element* element = model.find_element(item.type(), member.name)) {
    Member found{.name = member.name, .owner = item.type(), .element = element};
    if (!element->is_choice) {
      found.type = element->types.front();
      found.is_primitive = model.kind_of(found.type) == fhir::TypeKind::kPrimitive;
      found.is_resource = model.kind_of(found.type) == fhir::TypeKind::kResource;
    }
    return navigate_resolved(item, found, sink);
  }
  if (member.name == "resourceType") {
    const fhir::Node type = item.node().member("resourceType");
    return !type.is_string() || sink(Item::string(type.string()));
  }
  const auto json = model.find_json_member(item.type(), member.name);
  if (!json.element) return true;
  return emit_values(item.owner(), item.node().member(member.name), sibling_of(item.node(), member.name), json.type,
                     sink);
}

bool Evaluator::navigate_choice(const Item& item, const fhir::Element& element, Sink sink) {
  const fhir::Node object = item.node();
  for (fhir::Node child = object.first_child(); child; child = child.next_sibling(object)) {
    std::string_view name = child.name();
    const bool is_sibling = !name.empty() && name.front() == '_';
    if (is_sibling) name.remove_prefix(1);
    if (name.size() <= element.name.size() || !name.starts_with(element.name)) continue;
    const auto json = program_.model->find_json_member(item.type(), name);
    if (json.element != &element) continue;
    if (!is_sibling) return emit_values(item.owner(), child, sibling_of(object, name), json.type, sink);
    if (!object.member(name)) return emit_values(item.owner(), {}, child, json.type, sink);
  }
  return true;
}

bool Evaluator::navigate_primitive(const Item& item, std::string_view name, Sink sink) {
  if (name == "value") {
    Item value;
    if (values_.to_system(item, value) != Conversion::kValue) return true;
    return step() && sink(value);
  }
  const fhir::Node object = item.sibling_node();
  if (!object.is_object()) return true;
  const fhir::Element* element = program_.model->find_element(item.type(), name);
  if (!element || element->is_choice) return true;
  return emit_values(item.owner(), object.member(name), {}, element->types.front(), sink);
}

bool Evaluator::navigate_untyped(const Item& item, std::string_view name, Sink sink) {
  const fhir::Node object = item.node().is_object() ? item.node() : item.sibling_node();
  return emit_values(item.owner(), object.member(name), sibling_of(object, name), fhir::kNoType, sink);
}

bool Evaluator::navigate_system(const Item& item, std::string_view name, Sink sink) {
  if (item.tag() == Tag::kQuantity) {
    if (name == "value") return sink(Item::decimal(item.as_quantity().value));
    return name != "unit" || sink(Item::string(item.as_quantity().unit));
  }
  if (item.tag() != Tag::kTypeInfo) return true;
  const bool is_system = item.type_info_tag() != Tag::kElement;
  const fhir::Model& model = *program_.model;
  if (name == "namespace") return sink(Item::string(is_system ? "System" : "FHIR"));
  if (name == "name")
    return sink(Item::string(is_system ? system_name(item.type_info_tag()) : model.name_of(item.type())));
  if (name != "baseType") return true;
  if (is_system) return sink(Item::string("System.Any"));
  const fhir::TypeId base = model.base_of(item.type());
  if (base == fhir::kNoType) return true;
  return sink(Item::string(arena_.copy(fmt::format("FHIR.{}", model.name_of(base)))));
}

bool Evaluator::stream_root_type(const AstNode& node, const Scope& scope, Sink sink) {
  const auto named = static_cast<fhir::TypeId>(node.extra);
  for (const Item& item : scope.self) {
    if (item.is_element() && item.type() != fhir::kNoType && program_.model->is_a(item.type(), named) && !sink(item))
      return false;
  }
  return true;
}

bool Evaluator::stream_element_at(const AstNode& node, const Scope& scope, Sink sink) {
  Item index;
  switch (value(node.b, scope, index)) {
    case Outcome::kError:
      return false;
    case Outcome::kNone:
      return true;
    case Outcome::kOne:
      break;
  }
  Item converted;
  if (values_.to_system(index, converted) != Conversion::kValue || converted.tag() != Tag::kInteger) {
    return fail(node.position, "an index must be an integer");
  }
  std::int64_t left = converted.as_integer();
  bool wanted = true;
  stream(node.a, scope, [&](const Item& item) {
    if (left-- != 0) return true;
    wanted = sink(item);
    return false;
  });
  return wanted && !failed_;
}

bool Evaluator::matches_type(const Item& item, const TypeSpecifier& type, bool exact_primitives) const {
  if (!item.is_element()) return type.system == item.tag();
  if (item.type() == fhir::kNoType) return false;
  const fhir::Model& model = *program_.model;
  if (type.type == fhir::kNoType) {
    // A FHIR primitive is no System value for `is`; ofType(System.String) may pick it all the same.
    if (!exact_primitives || type.system == Tag::kElement) return false;
    Item value;
    return model.kind_of(item.type()) == fhir::TypeKind::kPrimitive &&
           values_.to_system(item, value) == Conversion::kValue && value.tag() == type.system;
  }
  if (exact_primitives && model.kind_of(item.type()) == fhir::TypeKind::kPrimitive) return item.type() == type.type;
  return model.is_a(item.type(), type.type);
}

bool Evaluator::stream_as(const AstNode& node, const TypeSpecifier& type, const Scope& scope, Sink sink, bool many) {
  std::uint32_t seen = 0;
  Item first;
  const NodeId input = node.a;
  if (many) {
    return stream(input, scope, [&](const Item& item) { return !matches_type(item, type, true) || sink(item); });
  }
  stream(input, scope, [&](const Item& item) {
    first = item;
    return ++seen == 1 || fail(node.position, "as needs one item, found several; use ofType()");
  });
  if (failed_) return false;
  return seen == 0 || !matches_type(first, type, true) || sink(first);
}

bool Evaluator::children(const Item& item, Sink sink) {
  if (!item.is_element()) return true;
  const fhir::Model& model = *program_.model;
  const bool is_primitive = item.type() != fhir::kNoType && model.kind_of(item.type()) == fhir::TypeKind::kPrimitive;
  const fhir::Node object = is_primitive ? item.sibling_node() : item.node();
  if (!object.is_object()) return true;
  const bool is_resource = item.type() != fhir::kNoType && model.kind_of(item.type()) == fhir::TypeKind::kResource;
  for (fhir::Node child = object.first_child(); child; child = child.next_sibling(object)) {
    std::string_view name = child.name();
    if (is_resource && name == "resourceType") continue;
    const bool is_sibling = !name.empty() && name.front() == '_';
    if (is_sibling) name.remove_prefix(1);
    if (is_sibling && object.member(name)) continue;  // came with its value
    const fhir::TypeId type =
        item.type() == fhir::kNoType ? fhir::kNoType : model.find_json_member(item.type(), name).type;
    const bool may_have_sibling = type == fhir::kNoType || model.kind_of(type) == fhir::TypeKind::kPrimitive;
    const fhir::Node sibling = is_sibling ? child : (may_have_sibling ? sibling_of(object, name) : fhir::Node());
    if (!emit_values(item.owner(), is_sibling ? fhir::Node() : child, sibling, type, sink)) return false;
  }
  return true;
}

bool Evaluator::descendants(const Item& item, std::size_t depth, Sink sink) {
  if (depth > kMaxDescent) return exhaust(0, fmt::format("descendants() went deeper than {} levels", kMaxDescent));
  return children(item, [&](const Item& child) { return sink(child) && descendants(child, depth + 1, sink); });
}

bool Evaluator::extensions(const Item& item, std::string_view url, Sink sink) {
  if (!item.is_element()) return true;
  const fhir::Model& model = *program_.model;
  const bool is_primitive = item.type() != fhir::kNoType && model.kind_of(item.type()) == fhir::TypeKind::kPrimitive;
  const fhir::Node holder = is_primitive || !item.node().is_object() ? item.sibling_node() : item.node();
  const fhir::TypeId type = model.find_type("Extension");
  return emit_values(item.owner(), holder.member("extension"), {}, type, [&](const Item& extension) {
    return extension.node().member("url").string() != url || sink(extension);
  });
}

}  // namespace embergate::fhirpath
