// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/string_walk.hpp"

namespace embergate::fhir {

StringWalk::StringWalk(Node root)
    : resource_(root.owner()), at_(root.index()), end_(resource_->record(root.index()).next) {
  open_.push_back({root, end_});
}

bool StringWalk::next() {
  for (++at_; at_ < end_; ++at_) {
    while (open_.back().end <= at_) open_.pop_back();
    const Node node(resource_, at_);
    if (node.is_string()) return true;
    if (node.is_object() || node.is_array()) open_.push_back({node, resource_->record(at_).next});
  }
  return false;
}

std::string_view StringWalk::type() {
  const Open& holder = open_.back();
  const TypeId type = type_of_child(type_of_open(open_.size() - 1), holder.node, node());
  return type == kNoType ? std::string_view() : Model::r4().name_of(type);
}

TypeId StringWalk::type_of_open(std::size_t depth) {
  // From the first one that has no type yet; the depth of a resource is bounded, and each is done once.
  std::size_t known = depth + 1;
  while (known > 0 && !open_[known - 1].is_typed) --known;
  for (std::size_t i = known; i <= depth; ++i) {
    Open& open = open_[i];
    const Model& model = Model::r4();
    open.type = i == 0 ? model.find_type(open.node.member("resourceType").string())
                       : type_of_child(open_[i - 1].type, open_[i - 1].node, open.node);
    open.is_typed = true;
  }
  return open_[depth].type;
}

TypeId StringWalk::type_of_child(TypeId parent_type, Node parent, Node child) const {
  const Model& model = Model::r4();
  TypeId type = parent_type;
  if (parent.is_object()) {
    std::string_view name = child.name();
    if (name.starts_with('_')) name.remove_prefix(1);  // id and extensions of a primitive
    type = model.find_json_member(parent_type, name).type;
  }
  if (type == kNoType || !child.is_object() || model.kind_of(type) != TypeKind::kResource) return type;
  return model.find_type(child.member("resourceType").string());
}

}  // namespace embergate::fhir
