// SPDX-License-Identifier: Apache-2.0
// The stored Client and AccessPolicy resources as authentication needs them, at one catalog epoch.
// Thread: immutable; loading blocks, call it on a pool. Failure: the store's errors; a resource that cannot be read is
// left out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

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
};

struct Directory {
  std::int64_t epoch = -1;
  std::map<std::string, ClientRecord, std::less<>> clients;
  std::set<std::string, std::less<>> allowed_clients;  // linked to an `allow` policy
  bool any_hashed = false;
};

core::Result<std::shared_ptr<const Directory>> load_directory(store::Store& store);

}  // namespace embergate::auth
