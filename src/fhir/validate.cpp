// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/validate.hpp"

#include "embergate/fhir/reference.hpp"

namespace embergate::fhir {
std::vector<Issue> check_shape(const Resource& resource, std::string_view expected_type) {
  return check_shape(resource.root(), expected_type, {});
}
std::vector<Issue> check_shape(Node resource, std::string_view expected_type, std::string_view place) {
  std::vector<Issue> issues;
  const std::string_view type = resource.member("resourceType").string();
  if (!is_resource_type(type)) {
    issues.push_back({"fatal", "invalid", "resourceType is missing or unknown", std::string(place)});
  } else if (!expected_type.empty() && type != expected_type) {
    issues.push_back({"fatal", "invalid", "resourceType does not match the URL", std::string(place)});
  }
  return issues;
}
}  // namespace embergate::fhir
