// SPDX-License-Identifier: Apache-2.0
#include "delivery/status_json.hpp"

#include <algorithm>

#include "delivery/parameters_json.hpp"

namespace embergate::delivery {
namespace {

// The file is in order, and the brokers refuse what it holds.
void add_refusal(vault::Report& report, const std::optional<kafka::CredentialRefusal>& refusal) {
  if (!refusal || report.state != vault::State::kOk) return;
  const auto& names = refusal->secrets;
  if (std::find(names.begin(), names.end(), report.name.value()) == names.end()) return;
  report.state = vault::State::kRefused;
  report.reason = refusal->reason;
  report.since = refusal->since;
  report.detail = refusal->detail;
  report.fault = refusal->fault;
}

void add_secrets(ParametersJson& out, const StatusParts& parts) {
  for (vault::Report report : parts.secrets) {
    add_refusal(report, parts.connection.refusal);
    ParametersJson secret;
    secret.text("name", report.name.value());
    secret.text("state", vault::to_string(report.state));
    const auto used = parts.connection.file_generations.find(std::string(report.name.value()));
    const std::uint64_t in_use = used == parts.connection.file_generations.end() ? 0 : used->second;
    if (report.fault == core::Fault::kNone && report.state == vault::State::kOk && in_use < report.generation)
      report.fault = core::Fault::kSecretUnproven;
    if (report.fault != core::Fault::kNone) secret.text("code", core::code_of(report.fault));
    if (!report.reason.empty()) secret.text("reason", report.reason);
    if (!report.detail.empty()) secret.text("detail", report.detail);
    secret.integer("inFile", report.generation);
    secret.integer("inUse", in_use);
    secret.integer("generation", in_use);  // the names before these two
    secret.integer("fileGeneration", report.generation);
    if (report.since.time_since_epoch().count() != 0) secret.time("since", report.since);
    if (report.last_read.time_since_epoch().count() != 0) secret.time("lastRead", report.last_read);
    out.parts("secret", secret);
  }
}

void add_waiting(ParametersJson& out, const Relay::View& view) {
  for (const Relay::View::Waiting& one : view.waiting) {
    ParametersJson waiting;
    waiting.text("resource", one.resource);
    if (one.fault != core::Fault::kNone) waiting.text("code", core::code_of(one.fault));
    waiting.text("reason", one.reason);
    waiting.time("nextTry", one.next_try);
    out.parts("waiting", waiting);
  }
}

void add_unanswered(ParametersJson& out, const std::optional<Relay::Unanswered>& unanswered) {
  if (!unanswered) return;
  ParametersJson parts;
  parts.time("since", unanswered->since);
  parts.text("code", core::code_of(unanswered->fault));
  if (!unanswered->reason.empty()) parts.text("reason", unanswered->reason);
  out.parts("unanswered", parts);
}

void add_errors(ParametersJson& out, const std::vector<ErrorLog::Entry>& errors) {
  for (const ErrorLog::Entry& error : errors) {
    ParametersJson detail;
    if (error.fault != core::Fault::kNone) {
      detail.text("code", core::code_of(error.fault));
      detail.text("title", core::text_of(error.fault).title);
    }
    if (!error.peer.empty()) detail.text("peer", error.peer);
    detail.text("message", error.message);
    detail.time("timestamp", error.at);
    detail.time("first", error.first);
    detail.integer("count", error.count);
    out.parts("lastErrorDetail", detail);
  }
}

void add_topic_faults(ParametersJson& out, const std::vector<observability::Faults::Active>& faults) {
  for (const observability::Faults::Active& fault : faults) {
    ParametersJson parts;
    parts.text("code", core::code_of(fault.fault));
    parts.text("title", core::text_of(fault.fault).title);
    parts.text("message", fault.detail);
    parts.time("timestamp", fault.last);
    parts.time("first", fault.first);
    parts.integer("count", fault.count);
    out.parts("topicFault", parts);
  }
}

// `status` is always the same word for those who know no other; this is the truth.
void add_condition(ParametersJson& out, const DestinationHealth::Condition& condition) {
  out.code("state", to_string(condition.state));
  if (!condition.text.empty()) out.text("stateDetail", condition.text);
  if (condition.fault == core::Fault::kNone) return;
  const core::FaultText& text = core::text_of(condition.fault);
  out.text("code", text.code);
  out.text("title", text.title);
  out.text("remedy", text.remedy);
}

}  // namespace

std::string status_json(const StatusParts& parts) {
  ParametersJson out;
  out.decimal("messagesDelivered", parts.counters.delivered);
  out.decimal("messagesDeliveryAttempts", parts.counters.failed_attempts);
  out.decimal("messagesInProcess", parts.relay.in_process);
  out.decimal("messagesQueued", parts.counters.queued);
  out.decimal("messagesSuperseded", parts.counters.superseded);
  out.decimal("messagesWaiting", parts.counters.waiting);
  out.decimal("messagesUndecided", parts.counters.undecided);
  out.decimal("eventEpoch", static_cast<std::uint64_t>(parts.event_epoch));
  out.time("startTimestamp", parts.started);
  out.text("status", "active");
  add_condition(out, parts.condition);
  out.boolean("connected", parts.connection.connected);
  out.text("ordering", parts.ordered_by_resource ? "resource" : "none");
  if (parts.counters.oldest_queued) {
    const auto age = std::max(parts.now - *parts.counters.oldest_queued, core::SystemTime::duration::zero());
    out.seconds("oldestQueuedAge", std::chrono::duration<double>(age).count());
  }
  add_unanswered(out, parts.unanswered);
  add_waiting(out, parts.relay);
  add_secrets(out, parts);
  add_topic_faults(out, parts.topic_faults);
  add_errors(out, parts.errors);
  return out.resource();
}

}  // namespace embergate::delivery
