// SPDX-License-Identifier: Apache-2.0
// Who is calling. Plain value, may be logged.
#pragma once

#include <string>

namespace embergate::auth {

struct Principal {
  enum class Kind { kAnonymous, kClient, kRoot };
  Kind kind = Kind::kAnonymous;
  std::string client_id;  // empty for anonymous
};

}  // namespace embergate::auth
