// SPDX-License-Identifier: Apache-2.0
// What a caller may do: the sum of the `allow` policies that link to it (contract 4.5). An interaction is a code of
// FHIR's restful-interaction ("create", "read", "operation", ...), a type is that of the resource, empty where the
// interaction is of the whole system. Thread: immutable once made. Failure: none; what no policy grants is denied.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace embergate::auth {

class Grant;

class Rights {
 public:
  // Of the root client, and of everybody who is linked to a policy without lists.
  static std::shared_ptr<const Rights> of_administrator();

  void add(std::shared_ptr<const Grant> grant) { grants_.push_back(std::move(grant)); }
  [[nodiscard]] bool empty() const { return grants_.empty(); }
  [[nodiscard]] bool are_unrestricted() const;
  [[nodiscard]] bool allow(std::string_view interaction, std::string_view type) const;

 private:
  std::vector<std::shared_ptr<const Grant>> grants_;
};

}  // namespace embergate::auth
