// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_gauges.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace embergate::vault {
namespace {

constexpr std::array<State, 5> kStates{State::kOk, State::kStale, State::kMissing, State::kInvalid, State::kRefused};
constexpr double kSecondsPerDay = 86'400;

double seconds_between(core::SystemTime from, core::SystemTime to) {
  return std::chrono::duration<double>(to - from).count();
}

struct Age {
  std::optional<double> since_change;  // seconds
  std::optional<double> since_read;    // seconds
  std::optional<double> days_left;
};

Age age_of(const Report& report, core::SystemTime now) {
  Age age;
  if (report.changed != core::SystemTime{}) age.since_change = seconds_between(report.changed, now);
  if (report.last_read != core::SystemTime{}) age.since_read = seconds_between(report.last_read, now);
  if (report.not_after) age.days_left = seconds_between(now, *report.not_after) / kSecondsPerDay;
  return age;
}

void take_worse(std::optional<double>& worst, const std::optional<double>& one, bool greater_is_worse) {
  if (!one) return;
  if (!worst || (greater_is_worse ? *one > *worst : *one < *worst)) worst = one;
}

// A series begins when there is a value for it; `none` stands for its absence later on.
template <class Make>
void set(std::shared_ptr<observability::Gauge>& handle, const std::optional<double>& value, double none, Make&& make) {
  if (!handle && value) handle = make();
  if (handle) handle->set(value.value_or(none));
}

}  // namespace

void SecretGauges::show(const std::vector<Report>& reports, core::SystemTime now) {
  show_all(reports, now);
  if (!with_names_) return;
  for (const auto& report : reports) show_named(report, now);
}

void SecretGauges::show_all(const std::vector<Report>& reports, core::SystemTime now) {
  Age worst;
  for (const auto& report : reports) {
    const auto age = age_of(report, now);
    take_worse(worst.since_change, age.since_change, true);
    take_worse(worst.since_read, age.since_read, true);
    take_worse(worst.days_left, age.days_left, false);
  }
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (!counts_[i]) {
      counts_[i] = metrics_.gauge("vault_secrets", "How many secrets in use are in this state",
                                  {{"state", std::string(to_string(kStates[i]))}});
    }
    counts_[i]->set(static_cast<double>(std::count_if(
        reports.begin(), reports.end(), [&](const Report& report) { return report.state == kStates[i]; })));
  }
  set(worst_.age, worst.since_change, 0,
      [&] { return metrics_.gauge("vault_secrets_oldest_seconds", "Since the oldest value in use was accepted"); });
  set(worst_.last_read_age, worst.since_read, 0, [&] {
    return metrics_.gauge("vault_secrets_last_read_seconds",
                          "Since the file that waits longest for it was last read well");
  });
  set(worst_.days_left, worst.days_left, std::numeric_limits<double>::infinity(), [&] {
    return metrics_.gauge("vault_secrets_days_left",
                          "Days until the first certificate, authority or token in use runs out; negative: it has");
  });
}

void SecretGauges::forget(const SecretName& name) {
  if (series_.erase(name) > 0) metrics_.remove("secret", name.value());
}

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
  return series;
}

void SecretGauges::show_named(const Report& report, core::SystemTime now) {
  auto& series = series_of(report.name);
  for (std::size_t i = 0; i < kStates.size(); ++i) series.states[i]->set(report.state == kStates[i] ? 1 : 0);
  series.generation->set(static_cast<double>(report.generation));
  const auto age = age_of(report, now);
  const observability::Labels labels{{"secret", report.name.value()}};
  set(series.ages.age, age.since_change, 0,
      [&] { return metrics_.gauge("vault_secret_age_seconds", "Since the value in use was accepted", labels); });
  set(series.ages.last_read_age, age.since_read, 0,
      [&] { return metrics_.gauge("vault_secret_last_read_seconds", "Since the file was last read well", labels); });
  set(series.ages.days_left, age.days_left, std::numeric_limits<double>::infinity(), [&] {
    return metrics_.gauge("vault_secret_days_left",
                          "Days until the certificate, authority or token in use runs out; negative: it has", labels);
  });
}

}  // namespace embergate::vault
