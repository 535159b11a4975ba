// SPDX-License-Identifier: Apache-2.0
// The inner loops of paths over the parsed tree (FHIR R4 json), for those who take items at the end of one: a path of
// two names costs one call for each item, or none where the taker is inlined. Everything by index: a Node would ask for
// its owner at each step. Thread, ownership, failure: as the Evaluator, whose members these are.
#pragma once

#include "fhirpath/evaluator.hpp"
#include "fhirpath/text_bytes.hpp"

namespace embergate::fhirpath {

// Is `name` the name of `stem` with an underscore before it?
inline bool is_sibling_name(std::string_view name, std::string_view stem) {
  return name.size() == stem.size() + 1 && name.front() == '_' && same_text(name.substr(1), stem);
}

inline bool is_array(const fhir::Resource* owner, std::uint32_t index) {
  return owner->record(index).kind == fhir::NodeKind::kArray;
}

inline bool is_scalar(fhir::NodeKind kind) { return kind > fhir::NodeKind::kNull && kind < fhir::NodeKind::kArray; }

inline std::uint32_t index_of(fhir::Node node) { return node ? node.index() : kNoIndex; }

// A member of an object and its `_name`.
struct FoundMember {
  std::uint32_t value = kNoIndex;
  std::uint32_t sibling = kNoIndex;
};

inline FoundMember find_member(const Item& object, const Member& member) {
  const fhir::Resource* const owner = object.owner();
  const std::size_t size = member.name.size();
  FoundMember found;
  const std::uint32_t end = owner->record(object.index()).next;
  for (std::uint32_t at = object.index() + 1; at < end; at = owner->record(at).next) {
    const std::size_t length = owner->record(at).name_length;
    if (length == size && same_text(fhir::Node(owner, at).name(), member.name)) {
      found.value = at;
      if (!member.is_primitive || found.sibling != kNoIndex) break;
    } else if (length == size + 1 && member.is_primitive &&
               is_sibling_name(fhir::Node(owner, at).name(), member.name)) {
      found.sibling = at;
      if (found.value != kNoIndex) break;
    }
  }
  return found;
}

// May find_member() answer for it?
inline bool is_plain(const Item& item, const Member& member) {
  return item.is_element() && item.type() == member.owner && member.element && !member.element->is_choice &&
         item.index() != kNoIndex && item.node().is_object();
}

// Nothing on both sides is no item: a null in a list, say.
template <class Take>
[[gnu::always_inline]] inline bool Evaluator::take_value(const fhir::Resource* owner, std::uint32_t value,
                                                         std::uint32_t sibling, ValueType type, Take&& take) {
  const auto is_null = [owner](std::uint32_t index) { return owner->record(index).kind == fhir::NodeKind::kNull; };
  if (value != kNoIndex && is_null(value)) value = kNoIndex;
  if (sibling != kNoIndex && is_null(sibling)) sibling = kNoIndex;
  if (value == kNoIndex && sibling == kNoIndex) return true;
  if (type.is_resource && value != kNoIndex && owner->record(value).kind == fhir::NodeKind::kObject)
    type.type = type_of_resource(fhir::Node(owner, value));
  return step() && take(Item::element(owner, value, sibling, type.type));
}

// One member's values.
template <class Take>
[[gnu::always_inline]] inline bool Evaluator::each_value(const fhir::Resource* owner, std::uint32_t value,
                                                         std::uint32_t sibling, ValueType type, Take&& take) {
  if (sibling != kNoIndex && (is_array(owner, sibling) || (value != kNoIndex && is_array(owner, value))))
    return each_pair(owner, value, sibling, type, take);
  if (value == kNoIndex || !is_array(owner, value)) return take_value(owner, value, sibling, type, take);
  const std::uint32_t end = owner->record(value).next;
  for (std::uint32_t at = value + 1; at < end; at = owner->record(at).next) {
    if (!take_value(owner, at, kNoIndex, type, take)) return false;
  }
  return true;
}

template <class Take>
[[gnu::always_inline]] inline bool Evaluator::navigate_resolved(const Item& item, const Member& member, Take&& take) {
  if (member.element->is_choice) return navigate_choice(item, *member.element, take);
  if (item.index() == kNoIndex) return navigate_primitive(item, member.name, take);
  const fhir::Node object = item.node();
  if (!object.is_object()) return navigate_primitive(item, member.name, take);
  const FoundMember found = find_member(item, member);
  return each_value(item.owner(), found.value, found.sibling, {member.type, member.is_resource}, take);
}

template <class Take>
[[gnu::always_inline]] inline bool Evaluator::navigate(const Item& item, const Member& member, Take&& take) {
  const bool resolved = item.is_element() && item.type() == member.owner && member.owner != fhir::kNoType;
  return resolved ? navigate_resolved(item, member, take) : navigate_unresolved(item, member, take);
}

// The last member of a path on each object of a list, for members that are found by their name alone. What is the same
// for all objects is looked up once; whatever is not as usual goes the usual way.
template <class Take>
inline bool Evaluator::navigate_objects(const Item& list, const Member& member, Take&& take) {
  const fhir::Resource* const owner = list.owner();
  const fhir::NodeRecord* const records = &owner->record(0);
  const char* const text = owner->text().data();
  const std::size_t size = member.name.size();
  const std::uint32_t end = records[list.index()].next;
  for (std::uint32_t at = list.index() + 1, next = 0; at < end; at = next) {
    const fhir::NodeRecord& object = records[at];
    next = object.next;
    std::uint32_t found = kNoIndex;
    bool usual = object.kind == fhir::NodeKind::kObject;
    for (std::uint32_t child = at + 1; usual && child < next; child = records[child].next) {
      const fhir::NodeRecord& record = records[child];
      const char* const name = text + record.name_begin;
      usual = (record.flags & fhir::kNameDecoded) == 0 && *name != '_';
      if (usual && record.name_length == size && same_text({name, size}, member.name)) found = child;
    }
    if (usual && found == kNoIndex) {
      if (!step()) return false;
    } else if (usual && is_scalar(records[found].kind)) {
      if (!steps(2) || !take(Item::element(owner, found, kNoIndex, member.type))) return false;
    } else if (object.kind != fhir::NodeKind::kNull) {
      if (!step() || !navigate_resolved(Item::element(owner, at, kNoIndex, list.type()), member, take)) return false;
    }
  }
  return true;
}

// A path's last members. What takes an item is known to the compiler.
template <class Take>
inline bool Evaluator::walk_member(const AstNode& node, const Scope& scope, Take&& take) {
  const Member& member = program_.members[node.b];
  const AstNode& input = program_.node(node.a);
  if (input.op != Op::kMember || is_shared(input)) {
    return stream(node.a, scope, [&](const Item& item) { return navigate(item, member, take); });
  }
  if (!step()) return false;
  const Member& before = program_.members[input.b];
  const bool follows =
      member.owner == before.type && !before.is_resource && member.element && !member.element->is_choice;
  return stream(input.a, scope, [&](const Item& item) {
    const auto last = [&](const Item& between) { return navigate(between, member, take); };
    if (!follows || !is_plain(item, before)) return navigate(item, before, last);
    const FoundMember found = find_member(item, before);
    if (found.sibling == kNoIndex && found.value != kNoIndex && is_array(item.owner(), found.value))
      return navigate_objects(Item::element(item.owner(), found.value, kNoIndex, before.type), member, take);
    return each_value(item.owner(), found.value, found.sibling, {before.type, before.is_resource}, last);
  });
}

}  // namespace embergate::fhirpath
