// SPDX-License-Identifier: Apache-2.0
// The stored Client and AccessPolicy resources as authentication needs them, at one catalog epoch.
// Thread: immutable; loading blocks, call it on a pool. Failure: the store's errors; a resource that cannot be read is
// left out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embergate/auth/rights.hpp"
#include "embergate/store/store.hpp"
#include "embergate/vault/names.hpp"

namespace embergate::auth {

struct ClientRecord {
  std::string id;
  bool active = true;
  bool may_use_basic = false;
  std::optional<vault::SecretName> reference;
  std::string hash;  // of an inline secret
  store::VersionId version_id = 0;

  [[nodiscard]] bool may_log_in() const { return active && may_use_basic && (reference || !hash.empty()); }
};

struct Directory {
  std::int64_t epoch = -1;
  std::map<std::string, ClientRecord, std::less<>> clients;
  // Of the clients that an `allow` policy links to.
  std::map<std::string, std::shared_ptr<Rights>, std::less<>> rights;
  // Of `clients`: whom to check in place of a caller whom no one knows (S-28).
  std::vector<const ClientRecord*> stand_ins;
};

core::Result<std::shared_ptr<const Directory>> load_directory(store::Store& store);

}  // namespace embergate::auth
