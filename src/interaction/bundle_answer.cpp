// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "embergate/core/time_format.hpp"
#include "interaction/bundle.hpp"
#include "interaction/client_secret.hpp"

namespace embergate::interaction {
namespace {

fhir::OperationOutcome outcome(const Refusal& refusal) {
  fhir::OperationOutcome result = fhir::outcome_of(refusal.error);
  if (!refusal.issues.empty()) result.issues = refusal.issues;
  return result;
}

void append_refused(std::string& out, const Refusal& refusal) {
  const std::string json = outcome(refusal).to_json();
  out += fmt::format(R"({{"response":{{"status":"{}","outcome":{}}},"resource":{}}})",
                     fhir::http_status(refusal.error.code), json, json);
}

void append_done(std::string& out, const InteractionResult& result, const Options& options, bool minimal) {
  out += fmt::format(R"({{"response":{{"status":"{}")", result.status);
  if (result.version_id != 0) {
    out += fmt::format(R"(,"location":{},"etag":"W/\"{}\"","lastModified":"{}")",
                       fhir::json_string(fmt::format("{}/fhir/{}/{}/_history/{}", options.base_url, result.type,
                                                     result.id, result.version_id)),
                       result.version_id, core::format_instant_micros(result.last_updated));
  }
  out += '}';
  if (!minimal && !result.body.empty()) {
    out += ",\"resource\":";
    out += result.body;
  }
  out += '}';
}

std::string_view method_name(store::Interaction interaction) {
  switch (interaction) {
    case store::Interaction::kCreate:
      return "POST";
    case store::Interaction::kUpdate:
      return "PUT";
    case store::Interaction::kDelete:
      return "DELETE";
  }
  return "";
}

std::string_view history_status(store::Interaction interaction) {
  return interaction == store::Interaction::kCreate ? "201" : "200";
}

}  // namespace

std::string render_bundle_answer(const std::vector<EntryAnswer>& answers, const Options& options, bool is_transaction,
                                 bool minimal) {
  std::string out = fmt::format(R"({{"resourceType":"Bundle","type":"{}","entry":[)",
                                is_transaction ? "transaction-response" : "batch-response");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i != 0) out += ',';
    if (answers[i].refusal) {
      append_refused(out, *answers[i].refusal);
    } else {
      append_done(out, *answers[i].result, options, minimal);
    }
  }
  out += "]}";
  return out;
}

std::string render_history(const std::vector<store::StoredVersion>& versions, const Options& options,
                           std::string_view type, std::string_view id) {
  std::string out = fmt::format(
      R"({{"resourceType":"Bundle","type":"history","total":{},"link":[{{"relation":"self","url":{}}}],"entry":[)",
      versions.size(), fhir::json_string(fmt::format("{}/fhir/{}/{}/_history", options.base_url, type, id)));
  bool first = true;
  for (const store::StoredVersion& version : versions) {
    if (!first) out += ',';
    first = false;
    out += fmt::format(
        R"({{"fullUrl":{},"request":{{"method":"{}","url":"{}"}},"response":{{"status":"{}","etag":"W/\"{}\"","lastModified":"{}"}},"resource":)",
        fhir::json_string(fmt::format("{}/fhir/{}/{}", options.base_url, type, id)), method_name(version.interaction),
        type, history_status(version.interaction), version.version_id,
        core::format_instant_micros(version.last_updated));
    out += presented(version.type, version.body);
    out += '}';
  }
  out += "]}";
  return out;
}

}  // namespace embergate::interaction
