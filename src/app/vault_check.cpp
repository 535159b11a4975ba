// SPDX-License-Identifier: Apache-2.0
#include "app/vault_check.hpp"

#include <fmt/format.h>

#include <algorithm>
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
using vault::State;

struct Line {
  vault::Report report;
  std::vector<std::string> users;  // "Client/loader"
  bool may_go_out = false;         // not of certificates and authorities, which are no secret and have no target
  bool unpinned = false;           // goes out, and its entry has no `allow`
  std::optional<vault::TargetBinding> binding;
};

struct Stored {
  std::vector<SecretUse> uses;
  std::vector<vault::TargetBinding> bindings;
};

// What stored resources refer to; nothing when there is no database to ask.
std::optional<Stored> read_stored(const std::string& database) {
  Stored stored;
  const auto read = store::read_sqlite_database(database, [&](store::Reader& reader) -> core::Result<void> {
    EG_TRY(stored.uses, interaction::secret_uses(reader));
    // A database of an older version has none.
    if (auto bindings = read_bindings(reader)) stored.bindings = *std::move(bindings);
    return {};
  });
  if (read) return stored;
  if (read.error().code != core::ErrorCode::kNotFound)
    fmt::print(stderr, "warning: the database cannot be read, so every name counts as in use: {}\n",
               read.error().diagnostics);
  return std::nullopt;
}

// What the settings of the gateway's own port refer to.
core::Result<std::vector<SecretUse>> listener_uses(const Settings& settings) {
  std::vector<SecretUse> uses;
  if (settings.tls_certificate.empty()) return uses;
  EG_TRY(const http::ListenerFiles files, listener_files(settings));
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
      cache.config().check(use.name, use.requester) == vault::ScopeVerdict::kOutOfScope
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

std::vector<Line> check_all(vault::SecretCache& cache, const std::vector<SecretUse>& uses,
                            const std::vector<vault::TargetBinding>& bindings) {
  std::map<vault::SecretName, Line> lines;
  for (const auto& use : uses) look(cache, use, lines[use.name]);
  for (const auto& [name, entry] : cache.config().entries()) {
    auto& line = lines[name];
    if (line.users.empty()) line.report = cache.probe(name);
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

void print_json(const std::vector<Line>& lines, vault::TargetMode policy) {
  nlohmann::json all = nlohmann::json::array();
  for (const Line& line : lines) {
    nlohmann::json one{{"name", line.report.name.value()},
                       {"state", to_string(line.report.state)},
                       {"reason", line.report.reason},
                       {"usedBy", line.users},
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
  fmt::print("{}\n", nlohmann::json{{"targetPolicy", vault::to_string(policy)}, {"secrets", all}}.dump(2));
}

void print_target(const Line& line, vault::TargetMode policy) {
  if (!line.unpinned || policy == vault::TargetMode::kOff) return;
  if (policy == vault::TargetMode::kFirstUse && line.binding) {
    fmt::print("{:<40}   not pinned; bound to {}{}\n", "", fmt::join(line.binding->target.servers, ","),
               line.binding->proven ? "" : " (no login has succeeded there yet)");
    return;
  }
  const char* goes = policy == vault::TargetMode::kStrict     ? "so it is sent nowhere"
                     : policy == vault::TargetMode::kFirstUse ? "so the first target that a resource names gets it"
                                                              : "so it goes wherever a resource says";
  fmt::print("{:<40}   not pinned by allow, {}\n", "", goes);
}

void print_text(const std::vector<Line>& lines, vault::TargetMode policy) {
  fmt::print("target policy: {} (BOX_VAULT_TARGET_POLICY)\n", vault::to_string(policy));
  for (const Line& line : lines) {
    const auto& report = line.report;
    const bool says_more = !report.reason.empty() && report.reason != to_string(report.state);
    fmt::print("{:<40} {}{}{}{}\n", report.name.value(), to_string(report.state), says_more ? ": " : "",
               says_more ? report.reason : std::string_view(),
               line.users.empty() ? std::string() : fmt::format("  (used by {})", fmt::join(line.users, ", ")));
    if (const auto text = vault::explained(report); !text.empty())
      fmt::print("{:<40}   {}{}{}\n", "", core::code_of(report.fault), report.fault == core::Fault::kNone ? "" : ": ",
                 text);
    if (report.not_after) fmt::print("{:<40}   good until {}\n", "", core::format_instant_seconds(*report.not_after));
    print_target(line, policy);
  }
}

}  // namespace

int vault_check(const Settings& settings, bool as_json) {
  // Standard output is for the answer; what the vault would log is in it.
  observability::log::capture([](std::string_view) {});
  if (settings.vault_config.empty()) {
    fmt::print(stderr, "BOX_VAULT_CONFIG is not set: there is nothing to check\n");
    return 2;
  }
  auto config = load_vault_config(settings);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().diagnostics);
    return 2;
  }
  auto uses = listener_uses(settings);
  const auto added = add_listener_files(settings, *config);
  if (!uses || !added) {
    fmt::print(stderr, "{}\n", (uses ? added.error() : uses.error()).diagnostics);
    return 2;
  }
  for (const std::string& warning : config->warnings()) fmt::print(stderr, "warning: {}\n", warning);
  observability::Metrics metrics;
  vault::SecretCache::Options options = settings.vault;
  options.jaas_check = check_jaas_entry;
  options.start_poll_thread = false;
  vault::SecretCache cache(*std::move(config), options, core::system_clock(), metrics);
  const auto stored = read_stored(settings.database.path);
  if (stored) uses->insert(uses->end(), stored->uses.begin(), stored->uses.end());
  const std::vector<Line> lines =
      check_all(cache, *uses, stored ? stored->bindings : std::vector<vault::TargetBinding>());
  const vault::TargetMode policy = cache.config().target_mode();
  as_json ? print_json(lines, policy) : print_text(lines, policy);
  // Where nothing is known of users, every name is one that someone counts on.
  const bool fails = std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
    return line.report.state != State::kOk && (!stored || !line.users.empty());
  });
  return fails ? 1 : 0;
}

}  // namespace embergate::app
