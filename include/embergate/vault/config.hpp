// SPDX-License-Identifier: Apache-2.0
// The vault config (contract 1.2): which name stands for which file, and which resources may use it. Read at start, and
// whole again whenever its file changes (R-49, cache.hpp). Thread: immutable after load; share freely. Ownership: by
// value. Failure: load() and parse_file() refuse the whole file with a JSON pointer and a reason, never with content
// the program then does not start, or keeps the config that it has.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/core/snapshot.hpp"
#include "embergate/vault/names.hpp"

namespace embergate::vault {

struct Scope {
  std::string resource_type;
  std::optional<std::string> id;  // absent: every instance of the type
  friend bool operator==(const Scope&, const Scope&) = default;
};

// Targets to which an entry is pinned (S-01, S-08); each normalised as target_policy.hpp says.
struct Pins {
  std::vector<std::string> servers;  // host:port, or *.domain:port
  std::vector<std::string> urls;     // prefixes
  friend bool operator==(const Pins&, const Pins&) = default;
};

// BOX_VAULT_TARGET_POLICY: what holds for entries without pins. Pins hold always.
enum class TargetMode { kOff, kWarn, kFirstUse, kStrict };
std::string_view to_string(TargetMode mode);  // "off" "warn" "first-use" "strict"

struct Entry {
  SecretName name;
  std::string path;
  std::vector<Scope> scopes;                     // any match grants
  bool raw = false;                              // no normalisation
  std::optional<std::string> json_pointer = {};  // RFC 6901, valid; the value is the string there
  std::optional<Pins> allow = {};
  bool allow_plaintext = false;  // S-03
  friend bool operator==(const Entry&, const Entry&) = default;
};

enum class ScopeVerdict { kGranted, kUnknownName, kOutOfScope };

struct ConfigRules {  // from the environment
  TargetMode target_mode = TargetMode::kFirstUse;
  std::vector<std::string> allowed_roots;  // BOX_VAULT_ALLOWED_ROOTS; empty: any path
  bool allow_world_writable = false;       // BOX_VAULT_ALLOW_WORLD_WRITABLE, of the config's own file
};

class VaultConfig {
 public:
  VaultConfig() = default;  // the vault is off: every name is unknown
  static core::Result<VaultConfig> load(const std::string& path, const ConfigRules& rules = {});
  static core::Result<VaultConfig> parse(std::string_view json, const ConfigRules& rules = {});
  // As load() does with a file at this path that holds this text.
  static core::Result<VaultConfig> parse_file(const std::string& path, std::string_view json,
                                              const ConfigRules& rules = {});

  // A file that a setting names instead of the vault config; false when the name is taken. Does not switch the vault
  // on.
  bool add(Entry entry);

  [[nodiscard]] bool enabled() const { return enabled_; }
  [[nodiscard]] const Entry* find(const SecretName& name) const;
  [[nodiscard]] ScopeVerdict check(const SecretName& name, const Requester& requester) const;  // byte-exact (S-17)
  [[nodiscard]] const std::map<SecretName, Entry>& entries() const { return entries_; }
  [[nodiscard]] TargetMode target_mode() const { return rules_.target_mode; }
  [[nodiscard]] const std::vector<std::string>& allowed_roots() const { return rules_.allowed_roots; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  bool enabled_ = false;
  ConfigRules rules_;
  std::map<SecretName, Entry> entries_;
  std::vector<std::string> warnings_;
};

// The config in force, which a change of its file replaces whole. Those who keep a reference to it see the new one at
// their next load().
using ConfigInForce = core::Snapshot<VaultConfig>;

// Names only, in their order.
struct ConfigChange {
  std::vector<SecretName> added;
  std::vector<SecretName> changed;
  std::vector<SecretName> removed;
  [[nodiscard]] bool empty() const { return added.empty() && changed.empty() && removed.empty(); }
};
ConfigChange difference(const VaultConfig& before, const VaultConfig& after);

}  // namespace embergate::vault
