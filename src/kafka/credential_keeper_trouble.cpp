// SPDX-License-Identifier: Apache-2.0
// How tries end that do not succeed: what is refused, and what of it is said to whom.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kafka/credential_keeper.hpp"

namespace embergate::kafka {

// Targets are bound in the database, which may be what fails.
core::Fault CredentialKeeper::fault_of_target(const core::Error& error) {
  if (error.fault != core::Fault::kNone) return error.fault;
  return error.code == core::ErrorCode::kForbidden ? core::Fault::kSecretTargetChanged : core::Fault::kStoreFailed;
}

bool CredentialKeeper::is_new(const Attempt& attempt, vault::Refused what) const {
  const auto names = refused_secrets(settings_, what);
  return std::any_of(names.begin(), names.end(), [&](const vault::SecretName& name) {
    const auto tried = attempt.files.find(std::string(name.value()));
    const auto used = used_.files.find(std::string(name.value()));
    return tried != attempt.files.end() && (used == used_.files.end() || used->second != tried->second);
  });
}

// The library cannot say which of its properties it does not take. What it took before is not to blame.
std::optional<vault::Refused> CredentialKeeper::unusable(const Attempt& attempt) const {
  if (!has_tls_secrets(settings_) || !is_new(attempt, vault::Refused::kCertificateUnusable)) return std::nullopt;
  return vault::Refused::kCertificateUnusable;
}

std::optional<vault::Refused> CredentialKeeper::refusal_of(const ProbeResult& probe, const Attempt& attempt) const {
  if (!probe.made) return unusable(attempt);
  if (settings_.ssl_keystore_key && is_of_our_certificate(probe.error.text)) return vault::Refused::kCertificate;
  if (probe.fault == ConnectionFault::kLoginRefused) return vault::Refused::kLogin;
  return untrusted(probe.error.text, attempt);
}

// Authorities that vouched for the brokers before are not to blame for a certificate that these show now.
std::optional<vault::Refused> CredentialKeeper::untrusted(const std::string& text, const Attempt& attempt) const {
  if (!settings_.ssl_truststore_certificates_secret || !is_of_their_certificate(text)) return std::nullopt;
  return is_new(attempt, vault::Refused::kAuthorities) ? std::optional(vault::Refused::kAuthorities) : std::nullopt;
}

core::Fault CredentialKeeper::code_of(const ProbeResult& probe) const {
  if (!probe.made) return core::Fault::kSecretUnusable;
  return probe.objected ? core::Fault::kSecretTargetChanged : fault_of_connection(probe.error, settings_);
}

void CredentialKeeper::end_attempt(std::uint64_t generation, std::optional<vault::Refused> refused, core::Fault fault,
                                   const std::string& text) {
  if (refused) {
    plan_.refused(generation, now(), *refused);
    fail_refused(generation, *refused, fault, text);
    // Of an older value it says nothing of what the files hold.
    tell_refusal(plan_.refusal()->generation == generation ? said_of_secrets(*refused, text) : std::string());
  } else {
    plan_.failed(generation, now());
    fail(fault, text);
  }
  go_on();
}

// The plan knows what is refused and since when; all that is shown of it comes from there.
void CredentialKeeper::tell_refusal(const std::string& text) {
  const auto& refusal = plan_.refusal();
  KnownRefusal news;
  if (refusal) news = {refusal->generation, refusal->what, !text.empty()};
  const bool is_same = news.generation == known_refusal_.generation && news.what == known_refusal_.what;
  if (is_same && known_refusal_.explained) news.explained = true;
  if (host_ == nullptr || news == known_refusal_) return;
  known_refusal_ = news;
  if (!refusal) return host_->refusal_ends();
  const auto age = std::chrono::duration_cast<core::SystemTime::duration>(now() - refusal->since);
  host_->refusal_begins({refusal->what, context_.clock.system_now() - age, text});
}

std::vector<std::string> CredentialKeeper::waiting_secrets(const Snapshot& newest) const {
  std::vector<std::string> names;
  if (!newest || !plan_.newer_waits()) return names;
  for (const auto& [name, generation] : file_generations(*newest)) {
    const auto used = used_.files.find(name);
    if (used == used_.files.end() || used->second != generation) names.push_back(name);
  }
  return names;
}

// Networks, brokers and their certificates are no matter of the secret; texts of the vault name theirs.
void CredentialKeeper::fail(core::Fault fault, const std::string& text) {
  host_->credential_failed({fault, text, std::nullopt, false});
}

void CredentialKeeper::fail(const core::Error& error, core::Fault otherwise) {
  fail(error.fault == core::Fault::kNone ? otherwise : error.fault, error.diagnostics);
}

// Tried on and on, and logged once for each value; older ones than those that are tried are forgotten.
void CredentialKeeper::fail_refused(std::uint64_t generation, vault::Refused what, core::Fault fault,
                                    const std::string& text) {
  std::erase_if(said_once_, [&](const auto& one) {
    return one.first != generation && one.first != plan_.newest() && one.first != used_.generation;
  });
  const bool is_known = !said_once_.insert({generation, what}).second;
  host_->credential_failed({fault, said_of_secrets(what, text), what, is_known});
}

std::string CredentialKeeper::said_of_secrets(vault::Refused what, const std::string& text) const {
  return fmt::format("{}: {}", in_words(refused_secrets(settings_, what)), text);
}

}  // namespace embergate::kafka
