// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_gauges.hpp"

namespace embergate::vault {
namespace {

constexpr std::array<State, 4> kStates{State::kOk, State::kStale, State::kMissing, State::kInvalid};
constexpr double kSecondsPerDay = 86'400;

double seconds_between(core::SystemTime from, core::SystemTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

SecretGauges::Series& SecretGauges::series_of(const SecretName& name) {
  const auto [found, is_new] = series_.try_emplace(name);
  auto& series = found->second;
  if (!is_new) return series;
  const auto& label = name.value();
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    series.states[i] = metrics_.gauge("vault_secret_state", "1 for the state that a secret in use is in, 0 for others",
                                      {{"secret", label}, {"state", std::string(to_string(kStates[i]))}});
  }
  series.generation =
      metrics_.gauge("vault_secret_generation", "Accepted values of a secret since the start", {{"secret", label}});
  series.age = metrics_.gauge("vault_secret_age_seconds", "Since the value in use was accepted", {{"secret", label}});
  series.last_read_age =
      metrics_.gauge("vault_secret_last_read_seconds", "Since the file was last read well", {{"secret", label}});
  return series;
}

void SecretGauges::show(const Report& report, core::SystemTime now) {
  auto& series = series_of(report.name);
  for (std::size_t i = 0; i < kStates.size(); ++i) series.states[i]->set(report.state == kStates[i] ? 1 : 0);
  series.generation->set(static_cast<double>(report.generation));
  if (report.changed != core::SystemTime{}) series.age->set(seconds_between(report.changed, now));
  if (report.last_read != core::SystemTime{}) series.last_read_age->set(seconds_between(report.last_read, now));
  if (!report.not_after) return;
  if (!series.days_left) {
    series.days_left = metrics_.gauge(
        "vault_secret_days_left", "Days until the certificate, authority or token in use runs out; negative: it has",
        {{"secret", report.name.value()}});
  }
  series.days_left->set(seconds_between(now, *report.not_after) / kSecondsPerDay);
}

}  // namespace embergate::vault
