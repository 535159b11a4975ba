// SPDX-License-Identifier: Apache-2.0
// References between resources, and the names of the R4 resource types (FHIR R4 references). Pure functions, any
// thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

bool is_resource_type(std::string_view name);  // R4's 148 types and this server's own (Client, AccessPolicy,
                                               // AidboxSubscriptionTopic, ...)
bool is_system_type(std::string_view name);    // the server's own ones: kept apart from clinical data (contract 2.1)
bool is_valid_id(std::string_view id);         // [A-Za-z0-9\-.]{1,64} (S-17)

// "Patient/p1", "Patient/p1/_history/3"; conditional "Patient?identifier=s|v"; urn:uuid:..; "#contained"; absolute
// URLs.
struct Reference {
  enum class Kind { kLocal, kConditional, kUrn, kContained, kAbsolute, kOther };
  Kind kind = Kind::kOther;
  std::string_view type;     // kLocal, kConditional
  std::string_view id;       // kLocal
  std::string_view version;  // kLocal with _history
  std::string_view query;    // kConditional, without '?'
};
// `base` is the server's own base URL with "/fhir" ("http://localhost:8080/fhir"): an absolute URL below it is a local
// reference. May be empty.
Reference parse_reference(std::string_view text, std::string_view base = {});

// Calls `visit` for every string member named "reference" in the tree, in document order (the node is the string).
void for_each_reference(Node root, const std::function<void(Node reference)>& visit);

// FHIRPath-like place of a node: "Patient.contact[1].organization.reference".
std::string path_of(Node node);

}  // namespace embergate::fhir
