// SPDX-License-Identifier: Apache-2.0
// The first target of a secret is its only one (S-01, S-07; BOX_VAULT_TARGET_POLICY=first-use). Before a login carries
// a secret for the first time, what its resource names as the target is bound to the secret's name in the database, and
// marked as proven when the login succeeded. From then on every other target is refused, also after a restart, after
// the resource was deleted, and after the value was rotated, until an `allow` of the secret's entry covers it or an
// administrator confirms it. Entries with `allow` are not bound: their pins say more. Thread: any; objection() and
// find() read memory only; load(), claim(), prove() and retarget() wait for the database, so call them where blocking
// is allowed. Ownership: owns its database; the config outlives it. Failure: kForbidden with the code `target-changed`
// and the two remedies; it names the secret, never the target that is bound (S-13). Other errors are the database's,
// and then no secret may be sent.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/core/snapshot.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::vault {

// What a resource names as the place where its secrets go, in one spelling.
struct NamedTarget {
  std::vector<std::string> servers;  // normal_server(), sorted; empty: a target that is a URL only
  std::string protocol;              // "SASL_SSL"
  std::string mechanism;             // "PLAIN"; empty: no SASL
  std::string verification;          // of the peer's name: "https" or "none"; empty: no TLS
  // "system", "secret:<name>" for an operator's file, "sha256:<hex>" over the certificates that stand in the resource;
  // empty: no TLS.
  std::string authorities;
  std::string url;  // origin and path of a token endpoint; empty: none
  friend bool operator==(const NamedTarget&, const NamedTarget&) = default;
};
std::string to_json(const NamedTarget& target);
std::optional<NamedTarget> target_from_json(std::string_view json);

struct TargetBinding {
  SecretName secret;
  NamedTarget target;
  std::vector<std::string> brokers;  // that the cluster named itself when the login was proven
  std::string resource;              // the first user: "AidboxTopicDestination/orders"
  bool proven = false;
  core::SystemTime since{};
};

// Whether a secret with this binding may go to the target. The same servers or fewer, everything else alike: a further
// server is another target, no matter who vouches for it, since public authorities vouch for anybody.
bool covers(const TargetBinding& binding, const NamedTarget& target);

// The table of bindings. All calls block until the change is durable; each is one transaction. The rows decide, also
// between several processes: what a call gives back is what stands.
class TargetBindingStore {
 public:
  virtual ~TargetBindingStore() = default;
  virtual core::Result<std::vector<TargetBinding>> load() = 0;
  // Inserts the rows whose secret has none yet, provided that every row that stands covers its target; else none.
  virtual core::Result<std::vector<TargetBinding>> claim(const std::vector<TargetBinding>& wanted) = 0;
  // Marks as proven, with the brokers, where the row still has this target.
  virtual core::Result<std::vector<TargetBinding>> prove(const std::vector<TargetBinding>& proven) = 0;
  // Gives what stood before.
  virtual core::Result<std::optional<TargetBinding>> replace(const TargetBinding& binding) = 0;
};

class TargetBindings {
 public:
  TargetBindings(const ConfigInForce& config, std::unique_ptr<TargetBindingStore> store);
  core::Result<void> load();

  // Whether the secret is one that its first target binds: the policy is first-use and its entry has no `allow`.
  [[nodiscard]] bool applies(const SecretName& secret) const;
  // Why the secret may not go to the target; nothing while it is not bound.
  [[nodiscard]] std::optional<std::string> objection(const SecretName& secret, const NamedTarget& target) const;
  // Why a connection for this target may not be opened to this "host:port". Brokers that a cluster names itself are
  // trusted when its certificates are verified; else those only that it named when the login was proven.
  [[nodiscard]] std::optional<std::string> objection_to_broker(const SecretName& secret, const NamedTarget& target,
                                                               std::string_view broker) const;
  // Before the secrets leave for the target: one caller wins, for good.
  core::Result<void> claim(const std::vector<SecretName>& secrets, const NamedTarget& target,
                           const std::string& resource, core::SystemTime now);
  // After the peer accepted them. Nothing to do when it is known already.
  core::Result<void> prove(const std::vector<SecretName>& secrets, const NamedTarget& target,
                           const std::vector<std::string>& brokers);
  // An administrator's word. Gives what was bound before. The new target counts as proven when it is used next, and at
  // once when it holds the old one and only adds servers to it.
  core::Result<std::optional<TargetBinding>> retarget(TargetBinding binding);
  [[nodiscard]] std::optional<TargetBinding> find(const SecretName& secret) const;

 private:
  using Rows = std::map<SecretName, TargetBinding>;
  [[nodiscard]] std::vector<SecretName> bound_ones(const std::vector<SecretName>& secrets) const;
  [[nodiscard]] core::Result<void> check(const std::vector<SecretName>& secrets, const NamedTarget& target) const;
  void absorb(std::vector<TargetBinding> rows);  // changing_ is held

  const ConfigInForce& config_;
  const std::unique_ptr<TargetBindingStore> store_;
  core::Snapshot<Rows> rows_{std::make_shared<const Rows>()};
  std::mutex changing_;  // one change of the table and of what memory holds of it at a time
};

}  // namespace embergate::vault
