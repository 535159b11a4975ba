// SPDX-License-Identifier: Apache-2.0
// Who is calling, and what it may do: both as they were when it logged in, so that one request is decided by one state
// of the policies. Plain value, may be logged.
#pragma once

#include <memory>
#include <string>

#include "embergate/auth/rights.hpp"

namespace embergate::auth {

struct Principal {
  enum class Kind { kAnonymous, kClient, kRoot };
  Kind kind = Kind::kAnonymous;
  std::string client_id;                 // empty for anonymous
  std::shared_ptr<const Rights> rights;  // null for anonymous

  [[nodiscard]] bool is_administrator() const { return rights && rights->are_unrestricted(); }
};

}  // namespace embergate::auth
