// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_faults.hpp"

#include <fmt/format.h>

#include <utility>

#include "embergate/vault/explanations.hpp"

namespace embergate::vault {
namespace {

std::string key_of(const SecretName& name) { return "secret " + name.value(); }

std::string detail_of(const Report& report) {
  if (report.reason.empty()) return {};
  return fmt::format("{}: {}", report.reason, explained(report.reason, report.detail));
}

}  // namespace

void SecretFaults::show(const std::vector<Report>& reports) {
  if (faults_ == nullptr) return;
  std::set<SecretName> before = std::exchange(troubled_, {});
  for (const Report& report : reports) {
    if (report.fault == core::Fault::kNone) continue;
    faults_->becomes({.fault = report.fault,
                      .key = key_of(report.name),
                      .concerns = report.name.value(),
                      .detail = detail_of(report),
                      .is_said = true});
    before.erase(report.name);
    troubled_.insert(report.name);
  }
  // Those that are well again, and those that no one uses any more.
  for (const SecretName& name : before) faults_->ends(key_of(name));
}

}  // namespace embergate::vault
