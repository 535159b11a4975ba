// SPDX-License-Identifier: Apache-2.0
// The FHIR face of the vault (contract 1.3, 1.4, 1.9; S-14..S-17): the masked pair of extensions, which fields may
// carry it, and the 422 rules. Thread: pure functions over immutable data. Failure: issues with the element's path; no
// file is opened here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::secretref {

inline constexpr std::string_view kSecretReferenceUrl = "http://health-samurai.io/fhir/secret-reference";
inline constexpr std::string_view kDataAbsentReasonUrl = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

// The name in a sibling element such as `_secret`, if it is exactly the pattern of S-14; empty when it carries no
// reference. A malformed pattern is found by validate() at write time, so stored resources give a name or nothing.
std::optional<vault::SecretName> reference_in(fhir::Node sibling);

struct FieldReference {
  std::string path;  // "Client.secret", "AidboxTopicDestination.parameter[3].value"
  vault::SecretName name;
  vault::ContentKind kind = vault::ContentKind::kBinary;  // what the file should hold; kBinary: depends on more
};
std::vector<FieldReference> references_in(const fhir::Resource& resource);

struct Options {
  bool strict_references = true;  // BOX_VAULT_STRICT_REFERENCES: unknown name refused at write
  bool allow_inline = false;      // BOX_VAULT_ALLOW_INLINE (decision 3)
};
// All 422 rules on references and inline credentials. `stored_id`: the id that the resource will have, after assignment
// (S-17, S-18); an empty id never satisfies an id-scoped secret. The config is asked once, and only when there is a
// reference.
std::vector<fhir::Issue> validate(const fhir::Resource& resource, std::string_view stored_id,
                                  const vault::ConfigInForce& config, const Options& options);

}  // namespace embergate::secretref
