// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/bundle_references.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "embergate/fhir/reference.hpp"

namespace embergate::fhir {
namespace {

using Kind = Reference::Kind;

constexpr std::string_view kHistory = "/_history/";

std::string_view without_version(std::string_view text) { return text.substr(0, text.find(kHistory)); }

std::string name_of(std::size_t base_number, std::string_view type_and_id) {
  return fmt::format("{} {}", base_number, type_and_id);
}

}  // namespace

std::string_view base_of_full_url(std::string_view full_url) {
  if (full_url.find("://") == std::string_view::npos) return {};
  const std::string_view plain = without_version(full_url);
  const std::size_t id = plain.rfind('/');
  if (id == std::string_view::npos || id == 0) return {};
  const std::size_t type = plain.rfind('/', id - 1);
  if (type == std::string_view::npos) return {};
  if (parse_reference(plain.substr(type + 1)).kind != Kind::kLocal) return {};
  return plain.substr(0, type);
}

BundleReferences::BundleReferences(Node root) {
  if (root.member("resourceType").string() == "Bundle") collect(root, kNone);
}

void BundleReferences::collect(Node bundle, std::size_t outer) {
  const std::size_t self = bundles_.size();
  bundles_.push_back({outer, {}, {}, {}});
  const Node entries = bundle.member("entry");
  for (Node entry = entries.first_child(); entry; entry = entry.next_sibling(entries)) {
    const Node resource = entry.member("resource");
    if (!resource.is_object()) continue;
    const std::string_view full_url = entry.member("fullUrl").string();
    const std::string_view base = base_of_full_url(full_url);
    const std::string_view type = resource.member("resourceType").string();
    const std::size_t position = entries_.size();
    Bundle& own = bundles_[self];
    const std::size_t number = own.bases.emplace(base, own.bases.size()).first->second;
    entries_.push_back(
        {resource.index(), resource.owner()->record(resource.index()).next, self, full_url, base, number});
    const std::string_view address = without_version(full_url);
    if (!address.empty()) own.addresses.insert(address);
    own.names.insert(name_of(number, base.empty() ? address : address.substr(base.size() + 1)));
    // Its type and id name an entry where nothing says on which server it is (no fullUrl, or urn:uuid).
    if (base.empty()) own.names.insert(name_of(number, fmt::format("{}/{}", type, resource.member("id").string())));
    if (type == "Bundle") collect(resource, position);
  }
}

// The innermost.
const BundleReferences::Entry* BundleReferences::entry_of(std::uint32_t node) const {
  auto after = std::upper_bound(entries_.begin(), entries_.end(), node,
                                [](std::uint32_t index, const Entry& entry) { return index < entry.begin; });
  if (after == entries_.begin()) return nullptr;
  auto position = static_cast<std::size_t>(after - entries_.begin()) - 1;
  while (entries_[position].end <= node) {
    position = bundles_[entries_[position].bundle].outer;
    if (position == kNone) return nullptr;
  }
  return &entries_[position];
}

bool BundleReferences::is_inside(const Entry& entry, std::string_view reference) const {
  const Bundle& bundle = bundles_[entry.bundle];
  if (parse_reference(reference).kind != Kind::kLocal) return bundle.addresses.contains(without_version(reference));
  return bundle.names.contains(name_of(entry.base_number, without_version(reference)));
}

std::optional<std::string_view> BundleReferences::base_at(Node place) const {
  const Entry* const entry = entries_.empty() ? nullptr : entry_of(place.index());
  if (entry == nullptr || entry->full_url.empty()) return std::nullopt;
  return entry->base;
}

BundleReferences::Target BundleReferences::target_of(Node place, std::string_view reference,
                                                     std::string_view base) const {
  if (entries_.empty()) return Target::kNoEntry;
  const Entry* const entry = entry_of(place.index());
  if (entry == nullptr) return Target::kNoEntry;
  const Kind kind = parse_reference(reference, base).kind;
  if (kind == Kind::kContained) return Target::kInside;
  if (is_inside(*entry, reference)) return Target::kInside;
  if (kind != Kind::kLocal) return Target::kElsewhere;
  const bool is_relative = parse_reference(reference).kind == Kind::kLocal;
  if (!is_relative || entry->full_url.empty()) return Target::kServer;
  return entry->base == base ? Target::kServer : Target::kElsewhere;
}

}  // namespace embergate::fhir
