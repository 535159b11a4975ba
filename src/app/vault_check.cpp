// SPDX-License-Identifier: Apache-2.0
#include "app/vault_check.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/jaas_check.hpp"
#include "app/listener_files.hpp"
#include "app/stored_bindings.hpp"
#include "app/vault_setup.hpp"
#include "embergate/core/time_format.hpp"
#include "embergate/interaction/secret_uses.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/explanations.hpp"

namespace embergate::app {
namespace {

using interaction::SecretUse;
using vault::ContentKind;
using vault::State;

struct KindName {
  std::string_view name;
  ContentKind kind;
};
constexpr std::array<KindName, 12> kKinds{{{"jaas", ContentKind::kJaas},
                                           {"line", ContentKind::kSingleLine},
                                           {"bearer-token", ContentKind::kBearerToken},
                                           {"header", ContentKind::kHeader},
                                           {"pem", ContentKind::kPem},
                                           {"key-and-chain", ContentKind::kKeyAndChain},
                                           {"key", ContentKind::kPrivateKey},
                                           {"chain", ContentKind::kCertificateChain},
                                           {"authorities", ContentKind::kAuthorities},
                                           {"pkcs12", ContentKind::kPkcs12},
                                           {"hmac-key", ContentKind::kHmacKey},
                                           {"base64url-key", ContentKind::kBase64UrlKey}}};

std::optional<ContentKind> kind_of(std::string_view name) {
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const KindName& one) { return one.name == name; });
  return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

struct Line {
  vault::Report report;
  std::vector<std::string> users;  // "Client/loader"
  bool may_go_out = false;         // not of certificates and authorities, which are no secret and have no target
  bool unpinned = false;           // goes out, and its entry has no `allow`
  bool judged = true;              // whether it is known what the file should hold
  std::optional<vault::TargetBinding> binding;
};

struct Stored {
  std::vector<SecretUse> uses;
  std::vector<vault::TargetBinding> bindings;
};

// What stored resources refer to; nothing when there is no database to ask.
std::optional<Stored> read_stored(const std::string& database, std::ostream& error) {
  Stored stored;
  const auto read = store::read_sqlite_database(database, [&](store::Reader& reader) -> core::Result<void> {
    EG_TRY(stored.uses, interaction::secret_uses(reader));
    // A database of an older version has none.
    if (auto bindings = read_bindings(reader)) stored.bindings = *std::move(bindings);
    return {};
  });
  if (read) return stored;
  if (read.error().code != core::ErrorCode::kNotFound)
    fmt::print(error, "warning: the database cannot be read, so every name counts as in use: {}\n",
               read.error().diagnostics);
  return std::nullopt;
}

// What the settings of the gateway's own port refer to.
core::Result<std::vector<SecretUse>> listener_uses(const Settings& settings) {
  std::vector<SecretUse> uses;
  if (settings.tls_certificate.empty()) return uses;
  EG_TRY(const http::ListenerFiles files, listener_files(listener_settings(settings)));
  const vault::Requester listener = http::ListenerCertificate::requester();
  uses.push_back({files.certificate, listener,
                  files.key ? vault::ContentKind::kCertificateChain : vault::ContentKind::kKeyAndChain});
  if (files.key) uses.push_back({*files.key, listener, vault::ContentKind::kPrivateKey});
  return uses;
}

bool is_public(vault::ContentKind kind) {
  return kind == vault::ContentKind::kAuthorities || kind == vault::ContentKind::kCertificateChain;
}

// The gateway would say the same once it tries the value.
void check_mechanism(vault::SecretCache& cache, const SecretUse& use, vault::Report& report) {
  const auto value = cache.resolve(use.name, use.requester, use.kind, vault::Use::kOutboundAttempt);
  if (!value) return;
  const auto fits = check_jaas_entry_for(*value->secret, use.mechanism);
  if (fits) return;
  report.state = State::kRefused;
  report.reason = vault::to_string(vault::Refused::kLoginUnusable);
  report.detail = fits.error().diagnostics;
  report.fault = vault::fault_of(report.state, report.reason);
}

void look(vault::SecretCache& cache, const SecretUse& use, Line& line) {
  auto found =
      cache.config()->check(use.name, use.requester) == vault::ScopeVerdict::kOutOfScope
          ? cache.report(use.name, use.requester)
          : cache.probe(use.name, use.kind == vault::ContentKind::kBinary ? std::nullopt : std::optional(use.kind));
  line.may_go_out |= !is_public(use.kind);
  if (found.state == State::kOk && !use.mechanism.empty()) check_mechanism(cache, use, found);
  const bool first = line.users.empty();
  if (first || line.report.state == State::kOk) line.report = std::move(found);
  auto user = fmt::format("{}/{}", use.requester.resource_type, use.requester.id);
  if (std::find(line.users.begin(), line.users.end(), user) == line.users.end()) line.users.push_back(std::move(user));
}

// Only destinations send secrets today.
bool goes_out(const vault::Entry& entry) {
  return std::any_of(entry.scopes.begin(), entry.scopes.end(),
                     [](const vault::Scope& scope) { return scope.resource_type == "AidboxTopicDestination"; });
}

// A client has one field for a secret, and other types have several with different contents.
std::optional<ContentKind> kind_by_scope(const vault::Entry& entry) {
  const bool of_clients = std::all_of(entry.scopes.begin(), entry.scopes.end(),
                                      [](const vault::Scope& scope) { return scope.resource_type == "Client"; });
  return of_clients ? std::optional(ContentKind::kSingleLine) : std::nullopt;
}

// What nothing uses yet.
void look_at_unused(vault::SecretCache& cache, const vault::Entry& entry, Line& line) {
  const auto kind = kind_by_scope(entry);
  line.report = cache.probe(entry.name, kind);
  line.judged = kind.has_value();
}

std::vector<Line> check_all(vault::SecretCache& cache, const std::vector<SecretUse>& uses,
                            const std::vector<vault::TargetBinding>& bindings) {
  std::map<vault::SecretName, Line> lines;
  for (const auto& use : uses) look(cache, use, lines[use.name]);
  const auto config = cache.config();
  for (const auto& [name, entry] : config->entries()) {
    auto& line = lines[name];
    if (line.users.empty()) look_at_unused(cache, entry, line);
    line.unpinned = goes_out(entry) && !entry.allow && (line.may_go_out || line.users.empty());
  }
  for (const auto& binding : bindings) {
    const auto line = lines.find(binding.secret);
    if (line != lines.end() && line->second.unpinned) line->second.binding = binding;
  }
  std::vector<Line> all;
  all.reserve(lines.size());
  for (auto& [name, line] : lines) all.push_back(std::move(line));
  return all;
}

// Of the one that was asked for, judged as the caller says. False: the config has no such name.
bool keep_only(vault::SecretCache& cache, const VaultCheckOptions& options, std::vector<Line>& lines,
               std::ostream& error) {
  std::erase_if(lines, [&](const Line& line) { return line.report.name.value() != options.name; });
  if (lines.empty()) {
    fmt::print(error, "secret \"{}\" is not in the vault config\n", options.name);
    return false;
  }
  if (options.as.empty()) return true;
  Line& line = lines.front();
  line.report = cache.probe(line.report.name, kind_of(options.as));
  line.judged = true;
  return true;
}

void print_json(const std::vector<Line>& lines, vault::TargetMode policy, std::ostream& out) {
  nlohmann::json all = nlohmann::json::array();
  for (const Line& line : lines) {
    nlohmann::json one{{"name", line.report.name.value()},
                       {"state", to_string(line.report.state)},
                       {"reason", line.report.reason},
                       {"usedBy", line.users},
                       {"judged", line.judged},
                       {"unpinned", line.unpinned}};
    if (line.binding) {
      one["target"] = nlohmann::json::parse(vault::to_json(line.binding->target));
      one["targetProven"] = line.binding->proven;
    }
    if (line.report.fault != core::Fault::kNone) one["code"] = core::code_of(line.report.fault);
    if (const auto text = vault::explained(line.report); !text.empty()) one["explanation"] = text;
    if (line.report.not_after) one["notAfter"] = core::format_instant_seconds(*line.report.not_after);
    all.push_back(std::move(one));
  }
  fmt::print(out, "{}\n", nlohmann::json{{"targetPolicy", vault::to_string(policy)}, {"secrets", all}}.dump(2));
}

void print_target(const Line& line, vault::TargetMode policy, std::ostream& out) {
  if (!line.unpinned || policy == vault::TargetMode::kOff) return;
  if (policy == vault::TargetMode::kFirstUse && line.binding) {
    fmt::print(out, "{:<40}   not pinned; bound to {}{}\n", "", fmt::join(line.binding->target.servers, ","),
               line.binding->proven ? "" : " (no login has succeeded there yet)");
    return;
  }
  const char* goes = policy == vault::TargetMode::kStrict     ? "so it is sent nowhere"
                     : policy == vault::TargetMode::kFirstUse ? "so the first target that a resource names gets it"
                                                              : "so it goes wherever a resource says";
  fmt::print(out, "{:<40}   not pinned by allow, {}\n", "", goes);
}

void print_text(const std::vector<Line>& lines, vault::TargetMode policy, std::ostream& out) {
  fmt::print(out, "target policy: {} (BOX_VAULT_TARGET_POLICY)\n", vault::to_string(policy));
  for (const Line& line : lines) {
    const auto& report = line.report;
    const bool says_more = !report.reason.empty() && report.reason != to_string(report.state);
    const bool unjudged = !line.judged && report.state == State::kOk;
    fmt::print(out, "{:<40} {}{}{}{}{}\n", report.name.value(), to_string(report.state), says_more ? ": " : "",
               says_more ? report.reason : std::string_view(),
               unjudged ? ", content not judged: nothing uses it yet (--as says what it should hold)" : "",
               line.users.empty() ? std::string() : fmt::format("  (used by {})", fmt::join(line.users, ", ")));
    if (const auto text = vault::explained(report); !text.empty())
      fmt::print(out, "{:<40}   {}{}{}\n", "", core::code_of(report.fault),
                 report.fault == core::Fault::kNone ? "" : ": ", text);
    if (report.not_after)
      fmt::print(out, "{:<40}   good until {}\n", "", core::format_instant_seconds(*report.not_after));
    print_target(line, policy, out);
  }
}

}  // namespace

std::vector<std::string> kinds_of_content() {
  std::vector<std::string> names;
  names.reserve(std::size(kKinds));
  for (const KindName& one : kKinds) names.emplace_back(one.name);
  return names;
}

int vault_check(const Settings& settings, const VaultCheckOptions& options, std::ostream& out, std::ostream& error) {
  // The answer has what the vault would log.
  observability::log::capture([](std::string_view) {});
  if (settings.vault_config.empty()) {
    fmt::print(error, "BOX_VAULT_CONFIG is not set: there is nothing to check\n");
    return 2;
  }
  auto config = load_vault_config(settings);
  if (!config) {
    fmt::print(error, "{}\n", config.error().diagnostics);
    return 2;
  }
  auto uses = listener_uses(settings);
  if (!uses) {
    fmt::print(error, "{}\n", uses.error().diagnostics);
    return 2;
  }
  for (const std::string& warning : config->warnings()) fmt::print(error, "warning: {}\n", warning);
  observability::Metrics metrics;
  vault::SecretCache::Options of_cache = vault_options(settings, nullptr);
  of_cache.start_poll_thread = false;
  vault::SecretCache cache(*std::move(config), of_cache, core::system_clock(), metrics);
  const auto stored = read_stored(settings.database.path, error);
  if (stored) uses->insert(uses->end(), stored->uses.begin(), stored->uses.end());
  std::vector<Line> lines = check_all(cache, *uses, stored ? stored->bindings : std::vector<vault::TargetBinding>());
  if (!options.name.empty() && !keep_only(cache, options, lines, error)) return 2;
  const vault::TargetMode policy = cache.config()->target_mode();
  options.as_json ? print_json(lines, policy, out) : print_text(lines, policy, out);
  // Where nothing is known of users, every name is one that someone counts on.
  const bool fails = std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
    return line.report.state != State::kOk && (!stored || !line.users.empty() || !options.name.empty());
  });
  return fails ? 1 : 0;
}

}  // namespace embergate::app
