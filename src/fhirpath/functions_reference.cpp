// SPDX-License-Identifier: Apache-2.0
// resolve(): what a reference points to inside the resource that is at hand (FHIR R4 bundle.html#references). Nothing
// is fetched, so a reference that leads elsewhere is dropped.
#include "embergate/fhir/reference.hpp"
#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::string_view kHistory = "/_history/";
constexpr std::uint64_t kNodesPassedPerStep = 16;

bool is_resource_type(const fhir::Model& model, std::string_view name) {
  const fhir::TypeId type = model.find_type(name);
  if (type == fhir::kNoType) return fhir::is_resource_type(name);
  return model.kind_of(type) == fhir::TypeKind::kResource && !model.is_abstract(type);
}

// An address and the version that it asks for.
struct Versioned {
  std::string_view address;
  std::string_view version;
};

Versioned without_version(std::string_view address) {
  const std::size_t at = address.rfind(kHistory);
  if (at == std::string_view::npos || at == 0) return {address, {}};
  const std::string_view version = address.substr(at + kHistory.size());
  return fhir::is_valid_id(version) ? Versioned{address.substr(0, at), version} : Versioned{address, {}};
}

// "Type/id" at the end of an address, and the root before it, which is empty or ends in a slash.
struct Parts {
  std::string_view root;
  std::string_view type;  // empty: it does not end so
  std::string_view id;
};

Parts parts_of(const fhir::Model& model, std::string_view address) {
  const std::size_t slash = address.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || !fhir::is_valid_id(address.substr(slash + 1))) return {};
  const std::size_t before = address.rfind('/', slash - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view type = address.substr(begin, slash - begin);
  if (!is_resource_type(model, type)) return {};
  return {address.substr(0, begin), type, address.substr(slash + 1)};
}

// The root of a RESTful address, "http://host/fhir/" of "http://host/fhir/Patient/1"; empty for any other.
std::string_view restful_root(const fhir::Model& model, std::string_view address) {
  if (!address.starts_with("http://") && !address.starts_with("https://")) return {};
  const std::string_view root = parts_of(model, without_version(address).address).root;
  return root.size() > std::string_view("https://").size() ? root : std::string_view();
}

// Looks for what a reference names, in the Bundles around the place that holds it.
class Search {
 public:
  Search(const fhir::Model& model, const Item& holder)
      : model_(model),
        root_node_(holder.owner()->root()),
        holder_(holder.index() == kNoIndex ? holder.sibling() : holder.index()) {}

  // The innermost Bundle comes first.
  fhir::Node by_address(std::string_view reference) {
    reference_ = reference;
    return within(root_node_);
  }

  // The resource that holds the place and is not contained itself: "#id" means one of those it contains.
  fhir::Node container() {
    fhir::Node node = root_node_;
    fhir::Node container = node;
    while (node && node.index() != holder_) {
      node = child_holding_it(node);
      if (node.name() == "contained") break;
      if (node.member("resourceType").is_string()) container = node;
    }
    return container;
  }

  // What it took so far.
  [[nodiscard]] std::uint64_t steps() const { return passed_ / kNodesPassedPerStep + entries_; }

 private:
  fhir::Node child_holding_it(fhir::Node parent) {
    for (fhir::Node child = parent.first_child(); child; child = child.next_sibling(parent)) {
      ++passed_;
      if (holder_ >= child.index() && holder_ < child.owner()->record(child.index()).next) return child;
    }
    return {};
  }

  // As deep as Bundles are nested, which the depth of a resource bounds.
  fhir::Node within(fhir::Node from) {
    for (fhir::Node node = from; node && node.index() != holder_;) {
      const fhir::Node child = child_holding_it(node);
      if (node.member("resourceType").string() != "Bundle") {
        node = child;
        continue;
      }
      const fhir::Node entry = child.name() == "entry" ? child_holding_it(child) : fhir::Node();
      const fhir::Node found = within(entry);
      return found ? found : in_bundle(node, entry);
    }
    return {};
  }

  fhir::Node in_bundle(fhir::Node bundle, fhir::Node holding_entry) {
    if (wanted_.address.empty()) {
      wanted_ = without_version(reference_);
      const Parts parts = parts_of(model_, wanted_.address);
      if (parts.root.empty()) local_ = parts;
    }
    const fhir::Node entries = bundle.member("entry");
    entries_ += entries.size();
    if (local_.type.empty()) return entry_at(entries, {});
    if (base_.empty()) base_ = restful_root(model_, holding_entry.member("fullUrl").string());
    return base_.empty() ? only_entry_named(entries) : entry_at(entries, base_);
  }

  // By fullUrl, which has no version: that is the resource's own.
  fhir::Node entry_at(fhir::Node entries, std::string_view root) const {
    for (fhir::Node entry = entries.first_child(); entry; entry = entry.next_sibling(entries)) {
      const std::string_view address = entry.member("fullUrl").string();
      const bool as_written = root.empty() && address == reference_;
      if (!as_written && !(is_joined(address, root, wanted_.address) && has_version(entry))) continue;
      if (const fhir::Node resource = entry.member("resource")) return resource;
    }
    return {};
  }

  // Where no root is known: by type and id, unless several addresses have them. A resource that does not say its
  // version may be the one that is meant.
  fhir::Node only_entry_named(fhir::Node entries) const {
    fhir::Node found;
    std::string_view address_found;
    for (fhir::Node entry = entries.first_child(); entry; entry = entry.next_sibling(entries)) {
      const fhir::Node resource = entry.member("resource");
      const std::string_view address = entry.member("fullUrl").string();
      if (!resource || !(is_named(resource) || ends_in_it(address))) continue;
      if (!version_of(entry).empty() && !has_version(entry)) continue;
      if (found && address != address_found) return {};
      if (!found) found = resource;
      address_found = address;
    }
    return found;
  }

  static bool is_joined(std::string_view address, std::string_view root, std::string_view rest) {
    return address.size() == root.size() + rest.size() && address.ends_with(rest) && address.starts_with(root);
  }
  static std::string_view version_of(fhir::Node entry) {
    return entry.member("resource").member("meta").member("versionId").string();
  }
  [[nodiscard]] bool has_version(fhir::Node entry) const {
    return wanted_.version.empty() || version_of(entry) == wanted_.version;
  }
  [[nodiscard]] bool is_named(fhir::Node resource) const {
    return resource.member("id").string() == local_.id && resource.member("resourceType").string() == local_.type;
  }
  [[nodiscard]] bool ends_in_it(std::string_view address) const {
    if (!address.ends_with(wanted_.address)) return false;
    const std::size_t before = address.size() - wanted_.address.size();
    return before == 0 || address[before - 1] == '/';
  }

  const fhir::Model& model_;
  fhir::Node root_node_;
  std::uint32_t holder_;
  std::string_view reference_;
  Versioned wanted_;
  Parts local_;            // of a relative reference
  std::string_view base_;  // of the nearest entry around the reference that has one
  std::uint64_t passed_ = 0;
  std::uint64_t entries_ = 0;
};

fhir::Node contained_in(fhir::Node container, std::string_view id) {
  if (id.empty()) return container;
  const fhir::Node contained = container.member("contained");
  for (fhir::Node child = contained.first_child(); child; child = child.next_sibling(contained)) {
    if (child.member("id").string() == id) return child;
  }
  return {};
}

}  // namespace

bool Evaluator::resolve(const Item& item, Sink sink) {
  if (!item.is_element()) return true;
  const std::string_view reference = reference_of(item);
  if (reference.empty()) return true;
  Search search(*program_.model, item);
  const fhir::Node found =
      reference.front() == '#' ? contained_in(search.container(), reference.substr(1)) : search.by_address(reference);
  if (!steps(search.steps())) return false;
  return !found || sink(Item::element(item.owner(), found.index(), kNoIndex, type_of_resource(found)));
}

std::string_view Evaluator::reference_of(const Item& item) {
  const fhir::Node node = item.node();
  return node.is_string() ? node.string() : node.member("reference").string();
}

// The type a reference says it points to; it is followed only where it does not say.
fhir::TypeId Evaluator::type_of_reference(const Item& item) {
  if (!item.is_element()) return fhir::kNoType;
  fhir::TypeId type = fhir::kNoType;
  const fhir::Model& model = *program_.model;
  const std::string_view text = reference_of(item);
  if (!text.starts_with('#')) {
    const fhir::Reference reference = fhir::parse_reference(text);
    if (!reference.type.empty()) return model.find_type(reference.type);
    if (const fhir::Node named = item.node().member("type"); named.is_string()) return model.find_type(named.string());
    const Parts parts = parts_of(model, without_version(text).address);
    if (!parts.type.empty()) return model.find_type(parts.type);
  }
  resolve(item, [&](const Item& target) {
    type = target.type();
    return false;
  });
  return type;
}

}  // namespace embergate::fhirpath
