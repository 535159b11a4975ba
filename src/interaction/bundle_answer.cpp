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
  if (result.issues.front().code == kTooCostly) result.id = kTooCostly;
  return result;
}

void append_refused(AnswerText& out, const Refusal& refusal) {
  const std::string json = outcome(refusal).to_json();
  out.append(fmt::format(R"({{"response":{{"status":"{}","outcome":{}}},"resource":{}}})",
                         fhir::http_status(refusal.error.code), json, json));
}

constexpr std::string_view kLeftOut =
    R"(,"outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"too-costly",)"
    R"("diagnostics":"done; the resource is left out, since the answer would be too large: read it at its location"}]})";

void append_done(AnswerText& out, InteractionResult result, const Options& options) {
  out.append(fmt::format(R"({{"response":{{"status":"{}")", result.status));
  if (result.version_id != 0) {
    out.append(fmt::format(R"(,"location":{},"etag":"W/\"{}\"","lastModified":"{}")",
                           fhir::json_string(fmt::format("{}/fhir/{}/{}/_history/{}", options.base_url, result.type,
                                                         result.id, result.version_id)),
                           result.version_id, core::format_instant_micros(result.last_updated)));
  }
  if (result.left_out) out.append(kLeftOut);
  out.append("}");
  if (!result.body.empty()) {
    out.append(",\"resource\":");
    out.append_body(std::move(result.body));
    for (std::string& part : result.more) out.append_body(std::move(part));
  }
  out.append("}");
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

AnswerText render_bundle_answer(std::vector<EntryAnswer> answers, const Options& options, bool is_transaction) {
  AnswerText out;
  out.append(fmt::format(R"({{"resourceType":"Bundle","type":"{}","entry":[)",
                         is_transaction ? "transaction-response" : "batch-response"));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i != 0) out.append(",");
    if (answers[i].refusal) {
      append_refused(out, *answers[i].refusal);
    } else {
      append_done(out, *std::move(answers[i].result), options);
    }
  }
  out.append("]}");
  return out;
}

AnswerText render_history(std::vector<store::StoredVersion> versions, std::size_t total, const Options& options,
                          std::string_view type, std::string_view id) {
  AnswerText out;
  out.append(
      fmt::format(R"({{"resourceType":"Bundle","type":"history","total":{},"link":[{{"relation":"self","url":{}}}])",
                  total, fhir::json_string(fmt::format("{}/fhir/{}/{}/_history", options.base_url, type, id))));
  bool first = true;
  for (store::StoredVersion& version : versions) {
    out.append(first ? R"(,"entry":[)" : ",");
    first = false;
    out.append(fmt::format(
        R"({{"fullUrl":{},"request":{{"method":"{}","url":"{}"}},"response":{{"status":"{}","etag":"W/\"{}\"","lastModified":"{}"}},"resource":)",
        fhir::json_string(fmt::format("{}/fhir/{}/{}", options.base_url, type, id)), method_name(version.interaction),
        type, history_status(version.interaction), version.version_id,
        core::format_instant_micros(version.last_updated)));
    out.append_body(presented(version.type, std::move(version.body)));
    out.append("}");
  }
  out.append(versions.empty() ? "}" : "]}");  // FHIR knows no empty lists
  return out;
}

}  // namespace embergate::interaction
