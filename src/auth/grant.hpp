// SPDX-License-Identifier: Apache-2.0
// What one `allow` policy grants: `resource_types` and `interactions`, each absent for all (contract 4.5).
// Thread: immutable. Failure: a policy whose lists cannot be understood grants nothing; check_lists() says why when it
// is written.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::auth {

class Grant {
 public:
  Grant() = default;  // everything
  static std::optional<Grant> of(fhir::Node policy);
  [[nodiscard]] bool is_unrestricted() const { return !types_ && !interactions_; }
  // The server's own types and the operations need to be named, unless nothing is restricted.
  [[nodiscard]] bool allows(std::string_view interaction, std::string_view type) const;

 private:
  using Names = std::set<std::string, std::less<>>;
  std::optional<Names> types_;
  std::optional<Names> interactions_;  // "history" and "search" as what they stand for
};

// Both lists of a policy: known names, not empty, and not misspelt beside the rule.
void check_lists(fhir::Node policy, std::vector<fhir::Issue>& issues);

}  // namespace embergate::auth
