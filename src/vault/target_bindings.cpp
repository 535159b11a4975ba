// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/target_bindings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "embergate/observability/log.hpp"
#include "embergate/vault/target_policy.hpp"

namespace embergate::vault {
namespace {

namespace log = observability::log;

constexpr std::string_view kCode = "target-changed";

bool contains(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

std::string changed(const SecretName& secret) {
  return fmt::format(
      "{}: secret \"{}\" was first used with another target (servers, security protocol, SASL mechanism, how and by "
      "which authorities the peer is verified, token endpoint) and goes to no second one; cover this target with allow "
      "in its entry in the vault config, or let an administrator confirm it with POST /fhir/$vault-retarget",
      kCode, secret.value());
}

core::Error refused(std::string text) {
  auto error = core::make_error(core::ErrorCode::kForbidden, std::move(text));
  error.fault = core::Fault::kSecretTargetChanged;
  return error;
}

}  // namespace

bool covers(const TargetBinding& binding, const NamedTarget& target) {
  const NamedTarget& bound = binding.target;
  const bool alike = bound.protocol == target.protocol && bound.mechanism == target.mechanism &&
                     bound.verification == target.verification && bound.authorities == target.authorities &&
                     bound.url == target.url && bound.servers.empty() == target.servers.empty();
  return alike && std::all_of(target.servers.begin(), target.servers.end(), [&](const std::string& server) {
           return contains(bound.servers, server) || contains(binding.brokers, server);
         });
}

TargetBindings::TargetBindings(const ConfigInForce& config, std::unique_ptr<TargetBindingStore> store)
    : config_(config), store_(std::move(store)) {}

core::Result<void> TargetBindings::load() {
  const std::lock_guard lock(changing_);
  EG_TRY(auto rows, store_->load());
  absorb(std::move(rows));
  return {};
}

bool TargetBindings::applies(const SecretName& secret) const {
  const auto config = config_.load();
  if (config->target_mode() != TargetMode::kFirstUse) return false;
  const Entry* entry = config->find(secret);
  return entry != nullptr && !entry->allow;
}

std::optional<TargetBinding> TargetBindings::find(const SecretName& secret) const {
  const auto rows = rows_.load();
  const auto found = rows->find(secret);
  return found == rows->end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> TargetBindings::objection(const SecretName& secret, const NamedTarget& target) const {
  if (!applies(secret)) return std::nullopt;
  const auto rows = rows_.load();
  const auto found = rows->find(secret);
  if (found == rows->end() || covers(found->second, target)) return std::nullopt;
  return changed(secret);
}

std::optional<std::string> TargetBindings::objection_to_broker(const SecretName& secret, const NamedTarget& target,
                                                               std::string_view broker) const {
  if (!applies(secret)) return std::nullopt;
  const auto rows = rows_.load();
  const auto found = rows->find(secret);
  // No row: it was not claimed, so it may not leave.
  if (found == rows->end() || !covers(found->second, target)) return changed(secret);
  if (target.verification == "https") return std::nullopt;
  const std::string server = normal_server(broker);
  const TargetBinding& binding = found->second;
  if (contains(binding.target.servers, server) || contains(binding.brokers, server)) return std::nullopt;
  return fmt::format(
      "{}: the cluster names the broker {}, which secret \"{}\" is not bound to, and nothing verifies that it belongs "
      "to "
      "the cluster; use TLS with verification, list it in allow in the secret's entry in the vault config, or let an "
      "administrator confirm the longer list of servers with POST /fhir/$vault-retarget",
      kCode, broker, secret.value());
}

std::vector<SecretName> TargetBindings::bound_ones(const std::vector<SecretName>& secrets) const {
  std::vector<SecretName> bound;
  for (const SecretName& secret : secrets) {
    if (applies(secret) && std::find(bound.begin(), bound.end(), secret) == bound.end()) bound.push_back(secret);
  }
  return bound;
}

core::Result<void> TargetBindings::check(const std::vector<SecretName>& secrets, const NamedTarget& target) const {
  for (const SecretName& secret : secrets) {
    if (auto objected = objection(secret, target)) return refused(*std::move(objected));
  }
  return {};
}

core::Result<void> TargetBindings::claim(const std::vector<SecretName>& secrets, const NamedTarget& target,
                                         const std::string& resource, core::SystemTime now) {
  const auto names = bound_ones(secrets);
  // Before the check: a row that comes between the two was not checked against this target.
  const auto rows = rows_.load();
  EG_CHECK(check(names, target));
  std::vector<TargetBinding> wanted;
  wanted.reserve(names.size());
  for (const SecretName& name : names) wanted.push_back({name, target, {}, resource, false, now});
  if (std::all_of(names.begin(), names.end(), [&](const SecretName& name) { return rows->contains(name); })) return {};
  {
    const std::lock_guard lock(changing_);
    EG_TRY(auto standing, store_->claim(wanted));
    absorb(std::move(standing));
  }
  const auto now_bound = rows_.load();
  EG_CHECK(check(names, target));
  if (!std::all_of(names.begin(), names.end(), [&](const SecretName& name) { return now_bound->contains(name); }))
    return core::make_retriable(core::ErrorCode::kUnavailable, "the target of a secret could not be bound to it");
  return {};
}

core::Result<void> TargetBindings::prove(const std::vector<SecretName>& secrets, const NamedTarget& target,
                                         const std::vector<std::string>& brokers) {
  const auto names = bound_ones(secrets);
  EG_CHECK(check(names, target));
  std::vector<TargetBinding> proven;
  for (const SecretName& name : names) {
    auto binding = find(name);
    if (!binding || binding->proven) continue;
    // Bound to another target since the check: the brokers are not that one's.
    if (!covers(*binding, target)) return refused(changed(name));
    binding->proven = true;
    for (const std::string& broker : brokers) {
      if (auto server = normal_server(broker); !server.empty()) binding->brokers.push_back(std::move(server));
    }
    proven.push_back(*std::move(binding));
  }
  if (proven.empty()) return {};
  {
    const std::lock_guard lock(changing_);
    EG_TRY(auto standing, store_->prove(proven));
    absorb(std::move(standing));
  }
  EG_CHECK(check(names, target));
  for (const TargetBinding& one : proven) {
    log::event(log::Level::kInfo, "secret/target-bound", "the secret goes to no other target from now on",
               {{"secret", std::string_view(one.secret.value())}, {"resource", std::string_view(one.resource)}});
  }
  return {};
}

core::Result<std::optional<TargetBinding>> TargetBindings::retarget(TargetBinding binding) {
  const std::lock_guard lock(changing_);
  const auto known = find(binding.secret);
  if (known && covers(binding, known->target)) {
    binding.proven = known->proven;
    binding.brokers = known->brokers;
  }
  EG_TRY(auto before, store_->replace(binding));
  absorb({std::move(binding)});
  return before;
}

void TargetBindings::absorb(std::vector<TargetBinding> rows) {
  auto next = std::make_shared<Rows>(*rows_.load());
  for (TargetBinding& row : rows) next->insert_or_assign(row.secret, std::move(row));
  rows_.store(std::move(next));
}

}  // namespace embergate::vault
