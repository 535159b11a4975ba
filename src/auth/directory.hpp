// SPDX-License-Identifier: Apache-2.0
// The stored Client and AccessPolicy resources as authentication needs them, at one catalog epoch.
// Thread: immutable; loading blocks, call it on a pool. Failure: the store's errors; a resource that cannot be read is
// left out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/constant_time.hpp"
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

// Where an id stands among all. Keyed: no one can say beforehand which ids are neighbours.
Mac mark_of_client(std::string_view id);

struct Directory {
  std::int64_t epoch = -1;
  std::map<std::string, ClientRecord, std::less<>> clients;
  // Of the clients that an `allow` policy links to.
  std::map<std::string, std::shared_ptr<Rights>, std::less<>> rights;
  // Of `clients`: whom to check in place of a caller that is not known (S-28), by their marks.
  std::map<Mac, const ClientRecord*> stand_ins;

  void add_stand_in(const ClientRecord& client) { stand_ins[mark_of_client(client.id)] = &client; }
  // Null: there is none. A client that comes takes over the ids next to it alone, and one that goes leaves its own, so
  // that what another id costs does not tell of it.
  [[nodiscard]] const ClientRecord* stand_in_of(const Mac& mark) const;
};

core::Result<std::shared_ptr<const Directory>> load_directory(store::Store& store);

}  // namespace embergate::auth
