// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/config.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "embergate/vault/explanations.hpp"
#include "vault/config_json.hpp"
#include "vault/config_pins.hpp"
#include "vault/file_reader.hpp"
#include "vault/json_string.hpp"

namespace embergate::vault {
namespace {

using core::ErrorCode;
using core::Result;
using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 1'048'576;
constexpr std::size_t kMaxResourceId = 64;

core::Error refused(std::string_view pointer, std::string_view reason) { return config_refusal(pointer, reason); }

bool is_resource_type(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto alnum = [&](char c) { return upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kMaxResourceId && upper(text.front()) &&
         std::all_of(text.begin(), text.end(), alnum);
}

bool is_resource_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxResourceId && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Result<Scope> make_scope(std::string_view pointer, std::string_view type, std::optional<std::string_view> id) {
  if (type.find('*') != std::string_view::npos || (id && id->find('*') != std::string_view::npos)) {
    return refused(pointer, "wildcards are not allowed in a scope; name the resource type");
  }
  if (!is_resource_type(type)) return refused(pointer, "the resource type of a scope must be a name such as Client");
  if (id && !is_resource_id(*id)) return refused(pointer, "the id of a scope must match [A-Za-z0-9.-]{1,64}");
  Scope scope{std::string(type), std::nullopt};
  if (id) scope.id = std::string(*id);
  return scope;
}

Result<Scope> scope_from_text(std::string_view pointer, std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return make_scope(pointer, text, std::nullopt);
  return make_scope(pointer, text.substr(0, slash), text.substr(slash + 1));
}

Result<Scope> scope_from_object(std::string_view pointer, const json& object) {
  // An unknown member is an error here, not a warning: {"resource_type": "Client", "Id": "a"} would open the secret to
  // every Client.
  for (const auto& [key, value] : object.items()) {
    if (key != "resource_type" && key != "id") {
      return refused(config_pointer(pointer, key), "unknown member of a scope; only resource_type and id are known");
    }
    if (!value.is_string()) return refused(config_pointer(pointer, key), "must be a string");
  }
  const auto type = object.find("resource_type");
  if (type == object.end())
    return refused(pointer, "a scope needs resource_type; an empty scope does not mean everyone");
  const auto id = object.find("id");
  if (id == object.end()) return make_scope(pointer, type->get_ref<const std::string&>(), std::nullopt);
  return make_scope(pointer, type->get_ref<const std::string&>(), std::string_view(id->get_ref<const std::string&>()));
}

Result<Scope> scope_from(std::string_view pointer, const json& value) {
  if (value.is_string()) return scope_from_text(pointer, value.get_ref<const std::string&>());
  if (value.is_object()) return scope_from_object(pointer, value);
  return refused(pointer, "a scope is an object with resource_type and id, or a string such as \"Client/intake\"");
}

Result<std::vector<Scope>> scopes_from(std::string_view pointer, const json& value) {
  std::vector<Scope> scopes;
  if (value.is_object()) {
    EG_TRY(auto scope, scope_from(pointer, value));
    scopes.push_back(std::move(scope));
    return scopes;
  }
  if (!value.is_array()) return refused(pointer, "must be an object, or a list of strings and objects");
  if (value.empty()) return refused(pointer, "an empty scope does not mean everyone; name who may use the secret");
  for (std::size_t i = 0; i < value.size(); ++i) {
    EG_TRY(auto scope, scope_from(config_pointer(pointer, std::to_string(i)), value[i]));
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

Result<void> check_path(std::string_view pointer, std::string_view path) {
  if (path.empty() || path.front() != '/') return refused(pointer, "must be an absolute path");
  if (path.find('\0') != std::string_view::npos) return refused(pointer, "must not hold a NUL character");
  if (path.back() == '/') return refused(pointer, "must name a file, not a directory");
  for (std::size_t begin = 1; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto component = path.substr(begin, end - begin);
    // Only the two special names: a component that merely starts with dots, such as ..data, is how secret volumes are
    // made.
    if (component == "." || component == "..") return refused(pointer, "must not hold a component . or ..");
    begin = end + 1;
  }
  return {};
}

Result<void> check_root(std::string_view pointer, std::string_view path, const std::vector<std::string>& roots) {
  const auto is_inside = [&](const std::string& root) { return path.starts_with(root + "/"); };
  if (roots.empty() || std::any_of(roots.begin(), roots.end(), is_inside)) return {};
  return refused(pointer, "lies outside the directories of BOX_VAULT_ALLOWED_ROOTS");
}

Result<void> take_boolean(std::string_view pointer, const json& value, bool& target) {
  if (!value.is_boolean()) return refused(pointer, "must be true or false");
  target = value.get<bool>();
  return {};
}

Result<void> take_json_pointer(std::string_view pointer, const json& value, Entry& entry) {
  if (!value.is_string() || !tokens_of_pointer(value.get_ref<const std::string&>()))
    return refused(pointer, "must be a JSON pointer such as /data/password (RFC 6901)");
  entry.json_pointer = value.get<std::string>();
  return {};
}

Result<Entry> entry_from(const std::string& pointer, const SecretName& name, const json& value,
                         const ConfigRules& rules, std::vector<std::string>& warnings) {
  if (!value.is_object()) return refused(pointer, "must be an object with path and scope");
  Entry entry;
  entry.name = name;
  for (const auto& [key, member] : value.items()) {
    const auto here = config_pointer(pointer, key);
    if (key == "path") {
      if (!member.is_string()) return refused(here, "must be a string");
      entry.path = member.get<std::string>();
      EG_CHECK(check_path(here, entry.path));
      EG_CHECK(check_root(here, entry.path, rules.allowed_roots));
    } else if (key == "scope") {
      EG_TRY(entry.scopes, scopes_from(here, member));
    } else if (key == "raw") {
      EG_CHECK(take_boolean(here, member, entry.raw));
    } else if (key == "json_pointer") {
      EG_CHECK(take_json_pointer(here, member, entry));
    } else if (key == "allow") {
      EG_TRY(entry.allow, pins_from(here, member));
    } else if (key == "allow_plaintext") {
      EG_CHECK(take_boolean(here, member, entry.allow_plaintext));
    } else {
      warnings.push_back(fmt::format("vault config {}: unknown member, ignored", here));
    }
  }
  if (entry.path.empty()) return refused(pointer, "path is missing");
  if (entry.scopes.empty()) return refused(pointer, "scope is missing; name who may use the secret");
  if (entry.raw && entry.json_pointer)
    return refused(pointer, "raw and json_pointer exclude each other: a string within JSON is text");
  return entry;
}

void warn_about_wide_scopes(const Entry& entry, std::vector<std::string>& warnings) {
  for (const auto& scope : entry.scopes) {
    if (scope.id) continue;
    warnings.push_back(fmt::format("secret \"{}\" is open to every {}; give the scope an id (S-11)", entry.name.value(),
                                   scope.resource_type));
  }
}

// Of a secret that goes out, the one who may write a resource in its scope chooses the address (S-01).
void warn_about_missing_pins(const Entry& entry, TargetMode mode, std::vector<std::string>& warnings) {
  constexpr std::array<std::string_view, 3> kSenders{"AidboxTopicDestination", "IdentityProvider", "TokenIntrospector"};
  const bool goes_out = std::any_of(entry.scopes.begin(), entry.scopes.end(), [&](const Scope& scope) {
    return std::find(kSenders.begin(), kSenders.end(), scope.resource_type) != kSenders.end();
  });
  if (!goes_out || entry.allow || mode == TargetMode::kOff) return;
  const auto& name = entry.name.value();
  warnings.push_back(
      mode == TargetMode::kStrict
          ? fmt::format(
                "secret \"{}\" has no member allow and is never sent anywhere, since BOX_VAULT_TARGET_POLICY is "
                "strict (S-01)",
                name)
          : fmt::format("secret \"{}\" {} that a resource in its scope names; pin it with allow (S-01)", name,
                        mode == TargetMode::kFirstUse ? "goes to the first target" : "can be sent to any address"));
}

void warn_about_shared_paths(const std::map<SecretName, Entry>& entries, std::vector<std::string>& warnings) {
  std::map<std::string_view, const Entry*> first_by_path;
  for (const auto& [name, entry] : entries) {
    const auto [first, is_new] = first_by_path.emplace(entry.path, &entry);
    // Several strings out of one JSON file are several secrets.
    if (is_new || first->second->json_pointer != entry.json_pointer) continue;
    warnings.push_back(
        fmt::format("secrets \"{}\" and \"{}\" have the same path; those in the scope of either get the same value",
                    first->second->name.value(), name.value()));
  }
}

Result<std::string> read_config(const std::string& path, const ConfigRules& rules) {
  const auto failed = [&](std::string_view what) {
    return core::make_error(ErrorCode::kInvalid, fmt::format("vault config {}: {}", path, what));
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return failed(fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return failed("is not a regular file");
  if (!rules.allow_world_writable) {
    if (const auto refusal = refusal_of_mode(*machine_file_system(), path, status); !refusal.empty())
      return failed(explanation_of(refusal));
  }
  std::string text(kMaxConfigBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

// Messages of a config that was read from a file begin with its path; there is one in each line.
core::Error with_path(core::Error error, const std::string& path) {
  constexpr std::string_view kStart = "vault config";
  std::string named;
  for (std::string_view rest = error.diagnostics; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with(kStart)) line.remove_prefix(kStart.size());
    if (!named.empty()) named += '\n';
    named += fmt::format("{} {}{}{}", kStart, path, line.starts_with(':') ? "" : ":", line);
  }
  error.diagnostics = std::move(named);
  return error;
}

}  // namespace

std::string_view to_string(TargetMode mode) {
  switch (mode) {
    case TargetMode::kOff:
      return "off";
    case TargetMode::kWarn:
      return "warn";
    case TargetMode::kFirstUse:
      return "first-use";
    case TargetMode::kStrict:
      return "strict";
  }
  return "";
}

Result<VaultConfig> VaultConfig::load(const std::string& path, const ConfigRules& rules) {
  EG_TRY(const auto text, read_config(path, rules));
  return parse_file(path, text, rules);
}

Result<VaultConfig> VaultConfig::parse_file(const std::string& path, std::string_view text, const ConfigRules& rules) {
  auto parsed = parse(text, rules);
  if (!parsed) return with_path(std::move(parsed).error(), path);
  return parsed;
}

bool VaultConfig::add(Entry entry) {
  const SecretName name = entry.name;
  return entries_.emplace(name, std::move(entry)).second;
}

Result<VaultConfig> VaultConfig::parse(std::string_view text, const ConfigRules& rules) {
  if (text.size() > kMaxConfigBytes) return refused("", "is larger than 1 MiB");
  json document;
  EG_CHECK(parse_config_json(text, document));
  if (!document.is_object()) return refused("", "must be a JSON object");
  VaultConfig config;
  config.enabled_ = true;
  config.rules_ = rules;
  for (const auto& [key, value] : document.items()) {
    if (key != "secret")
      config.warnings_.push_back(fmt::format("vault config {}: unknown member, ignored", config_pointer("", key)));
  }
  const auto secrets = document.find("secret");
  if (secrets == document.end()) return refused("", "the member secret is missing");
  if (!secrets->is_object()) return refused("/secret", "must be an object: name to entry");
  std::string faults;  // of each entry the first, so that a file can be mended in one go
  const auto add_fault = [&faults](const core::Error& error) {
    faults += (faults.empty() ? "" : "\n") + error.diagnostics;
  };
  for (const auto& [key, value] : secrets->items()) {
    const auto name = make_secret_name(key);
    if (!name) {
      add_fault(refused("/secret", "a name must match [A-Za-z0-9._-]{1,128}, and one here does not"));
      continue;
    }
    auto entry = entry_from(config_pointer("/secret", key), *name, value, rules, config.warnings_);
    if (!entry) {
      add_fault(entry.error());
      continue;
    }
    warn_about_wide_scopes(*entry, config.warnings_);
    warn_about_missing_pins(*entry, rules.target_mode, config.warnings_);
    config.entries_.emplace(*name, *std::move(entry));
  }
  if (!faults.empty()) return core::make_error(ErrorCode::kInvalid, std::move(faults));
  warn_about_shared_paths(config.entries_, config.warnings_);
  return config;
}

const Entry* VaultConfig::find(const SecretName& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

ScopeVerdict VaultConfig::check(const SecretName& name, const Requester& requester) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return ScopeVerdict::kUnknownName;
  const bool granted = std::any_of(entry->scopes.begin(), entry->scopes.end(), [&](const Scope& scope) {
    return scope.resource_type == requester.resource_type && (!scope.id || *scope.id == requester.id);
  });
  return granted ? ScopeVerdict::kGranted : ScopeVerdict::kOutOfScope;
}

ConfigChange difference(const VaultConfig& before, const VaultConfig& after) {
  ConfigChange change;
  for (const auto& [name, entry] : after.entries()) {
    const Entry* known = before.find(name);
    if (known == nullptr) {
      change.added.push_back(name);
    } else if (*known != entry) {
      change.changed.push_back(name);
    }
  }
  for (const auto& [name, entry] : before.entries()) {
    if (after.find(name) == nullptr) change.removed.push_back(name);
  }
  return change;
}

}  // namespace embergate::vault
