// SPDX-License-Identifier: Apache-2.0
// Who is calling, and the rights that were in force when the credential was proven: a request is decided on these from
// its first entry to its last, whatever changes meanwhile. Plain value; kind and id may be logged.
#pragma once

#include <memory>
#include <string>

namespace embergate::auth {

struct Directory;

struct Principal {
  enum class Kind { kAnonymous, kClient, kRoot };
  Kind kind = Kind::kAnonymous;
  std::string client_id = {};                            // empty for anonymous
  std::shared_ptr<const Directory> directory = nullptr;  // of the request; null for root and anonymous
};

}  // namespace embergate::auth
