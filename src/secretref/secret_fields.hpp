// SPDX-License-Identifier: Apache-2.0
// Which fields of which resource may carry a secret reference (contract 1.4, and the starred parameters of 2.5.3), and
// which of their plain values are credentials that must not be stored (decision 3). Thread: pure functions. Ownership:
// nodes point into the resource. Failure: none.
#pragma once

#include <string>
#include <vector>

#include "embergate/fhir/resource.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::secretref {

struct SecretField {
  std::string path;          // "AidboxTopicDestination.parameter[3].value"
  std::string sibling_name;  // "_valueString"
  fhir::Node value;          // the plain value, or no node
  fhir::Node sibling;        // the element beside it, or no node
  bool value_is_credential;  // the plain value, if any, must not be stored as it is
  vault::ContentKind kind;   // of the file that a reference stands for
};

// The fields that are there in some form.
std::vector<SecretField> secret_fields_of(const fhir::Resource& resource);

}  // namespace embergate::secretref
