// SPDX-License-Identifier: Apache-2.0
// resolve(): what a reference points to inside the resource that is at hand. Nothing is fetched, so a reference that
// leads elsewhere is dropped.
#include "embergate/fhir/reference.hpp"
#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {
namespace {

bool is_within(fhir::Node outer, std::uint32_t index) {
  const fhir::NodeRecord& record = outer.owner()->record(outer.index());
  return index >= outer.index() && index < record.next;
}

fhir::Node child_holding(fhir::Node parent, std::uint32_t index) {
  for (fhir::Node child = parent.first_child(); child; child = child.next_sibling(parent)) {
    if (is_within(child, index)) return child;
  }
  return {};
}

// "Patient/1" at the end of an absolute address.
bool ends_in(std::string_view address, std::string_view reference) {
  return address.ends_with(reference) &&
         (address.size() == reference.size() || address[address.size() - reference.size() - 1] == '/');
}

// The resource of a Bundle entry that `reference` names: by fullUrl, or by type and id.
fhir::Node entry_for(fhir::Node bundle, std::string_view reference) {
  const fhir::Reference parsed = fhir::parse_reference(reference);
  const bool is_local = parsed.kind == fhir::Reference::Kind::kLocal;
  const std::string_view plain = is_local ? reference.substr(0, parsed.type.size() + 1 + parsed.id.size()) : reference;
  const fhir::Node entries = bundle.member("entry");
  for (fhir::Node entry = entries.first_child(); entry; entry = entry.next_sibling(entries)) {
    const fhir::Node resource = entry.member("resource");
    const std::string_view address = entry.member("fullUrl").string();
    if (address == reference || (is_local && ends_in(address, plain))) return resource;
    if (is_local && resource.member("resourceType").string() == parsed.type &&
        resource.member("id").string() == parsed.id) {
      return resource;
    }
  }
  return {};
}

}  // namespace

// The resource that holds an item and is not contained itself: "#id" means one of those it contains.
fhir::Node Evaluator::container_of(const Item& item) const {
  const std::uint32_t index = item.index() == kNoIndex ? item.sibling() : item.index();
  fhir::Node node = item.owner()->root();
  fhir::Node container = node;
  while (node && node.index() != index) {
    node = child_holding(node, index);
    if (node.name() == "contained") break;
    if (node.member("resourceType").is_string()) container = node;
  }
  return container;
}

bool Evaluator::resolve(const Item& item, Sink sink) {
  if (!item.is_element()) return true;
  const std::string_view reference = reference_of(item);
  const auto give = [&](fhir::Node found) {
    return !found || sink(Item::element(item.owner(), found.index(), kNoIndex, type_of_resource(found)));
  };
  if (reference.empty()) return true;
  if (!reference.starts_with('#')) {
    const fhir::Node root = item.owner()->root();
    const bool is_bundle = root.member("resourceType").string() == "Bundle";
    return !is_bundle || !steps(root.member("entry").size()) || give(entry_for(root, reference));
  }
  const fhir::Node container = container_of(item);
  if (reference.size() == 1) return give(container);
  const fhir::Node contained = container.member("contained");
  for (fhir::Node child = contained.first_child(); child; child = child.next_sibling(contained)) {
    if (child.member("id").string() == reference.substr(1)) return give(child);
  }
  return true;
}

std::string_view Evaluator::reference_of(const Item& item) {
  const fhir::Node node = item.node();
  return node.is_string() ? node.string() : node.member("reference").string();
}

// The type a reference says it points to, without following it.
fhir::TypeId Evaluator::type_of_reference(const Item& item) {
  if (!item.is_element()) return fhir::kNoType;
  fhir::TypeId type = fhir::kNoType;
  const std::string_view text = reference_of(item);
  if (text.starts_with('#')) {
    resolve(item, [&](const Item& target) {
      type = target.type();
      return false;
    });
    return type;
  }
  const fhir::Reference reference = fhir::parse_reference(text);
  if (!reference.type.empty()) return program_.model->find_type(reference.type);
  if (const fhir::Node named = item.node().member("type"); named.is_string())
    return program_.model->find_type(named.string());
  // An absolute address ends in Type/id.
  const std::size_t slash = text.rfind('/');
  const std::size_t before =
      slash == std::string_view::npos || slash == 0 ? std::string_view::npos : text.rfind('/', slash - 1);
  if (before == std::string_view::npos) return fhir::kNoType;
  return program_.model->find_type(text.substr(before + 1, slash - before - 1));
}

}  // namespace embergate::fhirpath
