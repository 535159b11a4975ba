// SPDX-License-Identifier: Apache-2.0
#include "rest/vault_status.hpp"

#include <fmt/format.h>

#include <map>

#include "embergate/vault/explanations.hpp"
#include "rest/parts.hpp"

namespace embergate::rest {
namespace {

using interaction::SecretUse;

bool is_set(core::SystemTime time) { return time.time_since_epoch().count() != 0; }

double seconds_between(core::SystemTime from, core::SystemTime to) {
  return std::chrono::duration<double>(to - from).count();
}

void add_times(Parts& out, const vault::Report& report, core::SystemTime now) {
  constexpr double kSecondsPerDay = 86'400;
  if (is_set(report.since)) out.time("since", report.since);
  if (is_set(report.last_read)) {
    out.time("lastRead", report.last_read);
    out.decimal("lastReadAge", seconds_between(report.last_read, now));
  }
  if (is_set(report.changed)) {
    out.time("changed", report.changed);
    out.decimal("age", seconds_between(report.changed, now));
  }
  if (report.not_after) {
    out.time("notAfter", *report.not_after);
    out.decimal("daysLeft", seconds_between(now, *report.not_after) / kSecondsPerDay);
  }
}

void add_use(Parts& out, const SecretUse& use, vault::ScopeVerdict verdict) {
  Parts inner;
  inner.text("resource", fmt::format("{}/{}", use.requester.resource_type, use.requester.id));
  inner.text("element", use.requester.field);
  if (verdict == vault::ScopeVerdict::kOutOfScope) {
    inner.text("state", to_string(vault::State::kScopeDenied));
    inner.text("code", core::code_of(core::Fault::kSecretScope));
  }
  out.part("usedBy", inner);
}

// Of pinned secrets the config says more, so they have none.
void add_target(Parts& out, const vault::TargetBindings& bindings, const vault::SecretName& name) {
  if (!bindings.applies(name)) return;
  const auto binding = bindings.find(name);
  if (!binding) return;
  out.part("target", target_parts(binding->target));
  out.boolean("targetProven", binding->proven);
  out.text("targetResource", binding->resource);
  out.time("targetSince", binding->since);
}

}  // namespace

std::string vault_status_json(const vault::SecretCache& secrets, const vault::TargetBindings& bindings,
                              const std::vector<SecretUse>& uses, const std::map<std::string, std::uint64_t>& in_use,
                              core::SystemTime now) {
  std::map<vault::SecretName, std::vector<const SecretUse*>> by_name;
  const auto config = secrets.config();
  for (const auto& [name, entry] : config->entries()) by_name[name];
  for (const auto& use : uses) by_name[use.name].push_back(&use);
  Parts all;
  for (const auto& [name, users] : by_name) {
    const auto report = secrets.report(name);
    Parts secret;
    secret.text("name", name.value());
    secret.text("state", to_string(report.state));
    if (report.fault != core::Fault::kNone) {
      secret.text("code", core::code_of(report.fault));
      secret.text("title", core::text_of(report.fault).title);
    }
    if (!report.reason.empty()) secret.text("reason", report.reason);
    if (const std::string text = vault::explained(report); !text.empty()) secret.text("explanation", text);
    secret.integer("generation", report.generation);  // the name before these two
    const auto used = in_use.find(std::string(name.value()));
    secret.integer("inFile", report.generation);
    secret.integer("inUse", used == in_use.end() ? report.generation : used->second);
    add_times(secret, report, now);
    add_target(secret, bindings, name);
    for (const auto* use : users) add_use(secret, *use, config->check(name, use->requester));
    all.part("secret", secret);
  }
  return parameters_json(all);
}

}  // namespace embergate::rest
