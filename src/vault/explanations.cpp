// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/explanations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

using core::Fault;

constexpr std::array<std::pair<std::string_view, Fault>, 28> kFaults{{
    {reason::kMissing, Fault::kSecretMissing},
    {reason::kEmpty, Fault::kSecretEmpty},
    {reason::kTooLarge, Fault::kSecretTooLarge},
    {reason::kNotRegular, Fault::kSecretNotRegular},
    {reason::kUnreadable, Fault::kSecretUnreadable},
    {reason::kWorldWritable, Fault::kSecretWorldWritable},
    {reason::kChanging, Fault::kSecretChanging},
    {reason::kNulByte, Fault::kSecretNulByte},
    {reason::kMultiLine, Fault::kSecretMultiLine},
    {reason::kBadEncoding, Fault::kSecretBadEncoding},
    {reason::kUnrenderedTemplate, Fault::kSecretUnrendered},
    {reason::kBadHeader, Fault::kSecretBadHeader},
    {reason::kBadPem, Fault::kSecretBadPem},
    {reason::kBadPkcs12, Fault::kSecretBadPkcs12},
    {reason::kBadJaas, Fault::kSecretBadJaas},
    {reason::kBadJson, Fault::kSecretBadJson},
    {reason::kPairMismatch, Fault::kSecretPairMismatch},
    {reason::kOldCipher, Fault::kSecretLegacyCipher},
    {reason::kExpired, Fault::kSecretExpired},
    {reason::kOutsideRoots, Fault::kSecretOutsideRoots},
    {reason::kPinnedDeleted, Fault::kSecretPinnedDeleted},
    {reason::kUnknownName, Fault::kSecretUnknownName},
    {reason::kIoError, Fault::kSecretIoError},
    {reason::kLoginRefused, Fault::kKafkaAuthRefused},
    {reason::kCertificateRefused, Fault::kKafkaAuthRefused},
    {reason::kLoginUnusable, Fault::kSecretUnusable},
    {reason::kCertificateUnusable, Fault::kSecretUnusable},
    {reason::kBrokerUntrusted, Fault::kKafkaTlsUntrusted},
}};

using Texts = std::map<Fault, std::string>;

const Texts& texts() {
  static const Texts all = [] {
    Texts made;
    for (const core::FaultText& row : core::fault_table())
      made.emplace(row.fault, fmt::format("{}; {}", row.explanation, row.remedy));
    return made;
  }();
  return all;
}

bool is_near(const Report& report, core::SystemTime now) {
  constexpr auto kLong = std::chrono::hours(24 * 90);
  constexpr auto kNear = std::chrono::hours(24 * 30);
  const auto life = *report.not_after - report.not_before.value_or(report.changed);
  return *report.not_after - now <= (life < kLong ? life / 20 : core::SystemTime::duration(kNear));
}

}  // namespace

Fault fault_of(std::string_view reason) {
  const auto* const row =
      std::find_if(kFaults.begin(), kFaults.end(), [&](const auto& one) { return one.first == reason; });
  return row == kFaults.end() ? Fault::kNone : row->second;
}

Fault fault_of(State state, std::string_view reason) {
  switch (state) {
    case State::kStale:
      return Fault::kSecretStale;
    case State::kScopeDenied:
      return Fault::kSecretScope;
    case State::kTargetChanged:
      return Fault::kSecretTargetChanged;
    default:
      return fault_of(reason);
  }
}

Fault fault_of(const Report& report, core::SystemTime now) {
  const Fault fault = fault_of(report.state, report.reason);
  if (fault != Fault::kNone || report.state != State::kOk || !report.not_after) return fault;
  if (*report.not_after <= now) return Fault::kSecretExpired;
  return is_near(report, now) ? Fault::kSecretExpires : Fault::kNone;
}

std::string_view explanation_of(std::string_view reason) {
  const auto text = texts().find(fault_of(reason));
  return text == texts().end() ? std::string_view("its file has not been read yet") : std::string_view(text->second);
}

std::string explained(std::string_view reason, std::string_view detail) {
  const Fault fault = fault_of(reason);
  if (detail.empty() || fault == Fault::kNone) return std::string(explanation_of(reason));
  const core::FaultText& row = core::text_of(fault);
  return fmt::format("{} ({}); {}", row.explanation, detail, row.remedy);
}

std::string explained(const Report& report) {
  if (!report.reason.empty()) return explained(report.reason, report.detail);
  const auto text = texts().find(report.fault);
  return text == texts().end() ? std::string() : text->second;
}

}  // namespace embergate::vault
