// SPDX-License-Identifier: Apache-2.0
#include "rest/vault_status.hpp"

#include <fmt/format.h>

#include <map>

#include "embergate/core/time_format.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/vault/explanations.hpp"

namespace embergate::rest {
namespace {

using interaction::SecretUse;

class Parts {
 public:
  void text(std::string_view name, std::string_view value) { add(name, "valueString", fhir::json_string(value)); }
  void integer(std::string_view name, std::uint64_t value) { add(name, "valueInteger", fmt::format("{}", value)); }
  void decimal(std::string_view name, double value) { add(name, "valueDecimal", fmt::format("{:.1f}", value)); }
  void time(std::string_view name, core::SystemTime value) {
    add(name, "valueDateTime", fmt::format("\"{}\"", core::format_instant_seconds(value)));
  }
  void part(std::string_view name, const Parts& inner) { add(name, "part", fmt::format("[{}]", inner.json_)); }
  [[nodiscard]] const std::string& json() const { return json_; }

 private:
  void add(std::string_view name, std::string_view member, std::string_view value) {
    json_ += fmt::format(R"({}{{"name":"{}","{}":{}}})", json_.empty() ? "" : ",", name, member, value);
  }
  std::string json_;
};

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
  if (verdict == vault::ScopeVerdict::kOutOfScope) inner.text("state", to_string(vault::State::kScopeDenied));
  out.part("usedBy", inner);
}

}  // namespace

std::string vault_status_json(const vault::SecretCache& secrets, const std::vector<SecretUse>& uses,
                              core::SystemTime now) {
  std::map<vault::SecretName, std::vector<const SecretUse*>> by_name;
  for (const auto& [name, entry] : secrets.config().entries()) by_name[name];
  for (const auto& use : uses) by_name[use.name].push_back(&use);
  Parts all;
  for (const auto& [name, users] : by_name) {
    const auto report = secrets.report(name);
    Parts secret;
    secret.text("name", name.value());
    secret.text("state", to_string(report.state));
    if (!report.reason.empty()) {
      secret.text("reason", report.reason);
      secret.text("explanation", vault::explanation_of(report.reason));
    }
    secret.integer("generation", report.generation);
    add_times(secret, report, now);
    for (const auto* use : users) add_use(secret, *use, secrets.config().check(name, use->requester));
    all.part("secret", secret);
  }
  // A FHIR array is never empty.
  if (all.json().empty()) return R"({"resourceType":"Parameters"})";
  return fmt::format(R"({{"resourceType":"Parameters","parameter":[{}]}})", all.json());
}

}  // namespace embergate::rest
