// SPDX-License-Identifier: Apache-2.0
// The vault config (contract 1.2): which name stands for which file, and which resources may use it. Read once, at
// start. Thread: immutable after load; share freely. Ownership: by value. Failure: load() refuses the whole file with a
// JSON pointer and a reason, never with content; the program then does not start.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/vault/names.hpp"

namespace embergate::vault {

struct Scope {
  std::string resource_type;
  std::optional<std::string> id;  // absent: every instance of the type
};

// Targets to which an entry is pinned (S-01, S-08); each normalised as target_policy.hpp says.
struct Pins {
  std::vector<std::string> servers;  // host:port, or *.domain:port
  std::vector<std::string> urls;     // prefixes
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
};

enum class ScopeVerdict { kGranted, kUnknownName, kOutOfScope };

struct ConfigRules {  // from the environment
  TargetMode target_mode = TargetMode::kFirstUse;
  std::vector<std::string> allowed_roots;  // BOX_VAULT_ALLOWED_ROOTS; empty: any path
};

class VaultConfig {
 public:
  VaultConfig() = default;  // the vault is off: every name is unknown
  static core::Result<VaultConfig> load(const std::string& path, const ConfigRules& rules = {});
  static core::Result<VaultConfig> parse(std::string_view json, const ConfigRules& rules = {});

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

}  // namespace embergate::vault
