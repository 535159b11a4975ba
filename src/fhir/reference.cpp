// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/fhir/model.hpp"

namespace embergate::fhir {
namespace {

constexpr std::size_t kMaxIdLength = 64;

// This server's own resources; sorted.
constexpr std::array<std::string_view, 9> kSystemTypes{
    "AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination",
    "Client",       "IdentityProvider",        "Role",
    "Session",      "TokenIntrospector",       "User",
};

bool starts_absolute(std::string_view text) {
  const std::size_t colon = text.find("://");
  return colon != std::string_view::npos && colon > 0 && text.find_first_of("/?#") > colon;
}

// "Type/id" or "Type/id/_history/version"; anything else leaves `kind` at kOther.
void parse_local(std::string_view text, Reference& reference) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !is_resource_type(text.substr(0, slash))) return;
  std::string_view id = text.substr(slash + 1);
  std::string_view version;
  if (const std::size_t history = id.find("/_history/"); history != std::string_view::npos) {
    version = id.substr(history + std::string_view("/_history/").size());
    id = id.substr(0, history);
    if (!is_valid_id(version)) return;
  }
  if (!is_valid_id(id)) return;
  reference.kind = Reference::Kind::kLocal;
  reference.type = text.substr(0, slash);
  reference.id = id;
  reference.version = version;
}

}  // namespace

bool is_system_type(std::string_view name) {
  return std::binary_search(kSystemTypes.begin(), kSystemTypes.end(), name);
}

bool is_resource_type(std::string_view name) {
  const Model& model = Model::r4();
  const TypeId type = model.find_type(name);
  if (type == kNoType) return is_system_type(name);
  return model.kind_of(type) == TypeKind::kResource && !model.is_abstract(type);
}

bool is_valid_id(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength) return false;
  if (id == "." || id == "..") return false;  // clients take them out of a URL (RFC 3986 5.2.4)
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Reference parse_reference(std::string_view text, std::string_view base) {
  Reference reference;
  if (text.starts_with('#')) {
    reference.kind = Reference::Kind::kContained;
    return reference;
  }
  if (text.starts_with("urn:")) {
    reference.kind = Reference::Kind::kUrn;
    return reference;
  }
  if (!base.empty() && text.size() > base.size() && text.starts_with(base) && text[base.size()] == '/') {
    text.remove_prefix(base.size() + 1);
  } else if (starts_absolute(text)) {
    reference.kind = Reference::Kind::kAbsolute;
    return reference;
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    if (!is_resource_type(text.substr(0, mark))) return reference;
    reference.kind = Reference::Kind::kConditional;
    reference.type = text.substr(0, mark);
    reference.query = text.substr(mark + 1);
    return reference;
  }
  parse_local(text, reference);
  return reference;
}

void for_each_reference(Node root, const std::function<void(Node reference)>& visit) {
  if (!root) return;
  const Resource& resource = *root.owner();
  const std::uint32_t end = resource.record(root.index()).next;
  for (std::uint32_t i = root.index() + 1; i < end; ++i) {
    const Node node(&resource, i);
    if (node.is_string() && node.name() == "reference") visit(node);
  }
}

std::string path_of(Node node) {
  if (!node) return {};
  const Resource& resource = *node.owner();
  std::string place(resource.type());
  Node at = resource.root();
  while (at.index() != node.index()) {
    std::size_t position = 0;
    Node child = at.first_child();
    for (; resource.record(child.index()).next <= node.index(); child = child.next_sibling(at)) ++position;
    if (at.is_array()) {
      place += fmt::format("[{}]", position);
    } else {
      if (!place.empty()) place += '.';
      place += child.name();
    }
    at = child;
  }
  return place;
}

}  // namespace embergate::fhir
