// SPDX-License-Identifier: Apache-2.0
// What every resource must satisfy before it is stored: resourceType known and equal to the URL's, id well formed,
// members of the right JSON kind for their R4 type (objects, lists, primitives), no empty strings, objects or lists
// (FHIR R4 json). Profiles and terminology are not checked. Thread: pure functions. Failure: all issues found (at most
// 50), each with its element path.
#pragma once

#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

// expected_type may be empty (inside bundles: whatever resourceType says).
std::vector<Issue> check_shape(const Resource& resource, std::string_view expected_type);
// The same for a resource inside another (Bundle.entry.resource); `place` prefixes the paths.
std::vector<Issue> check_shape(Node resource, std::string_view expected_type, std::string_view place);

}  // namespace embergate::fhir
