// SPDX-License-Identifier: Apache-2.0
#include "interaction/write_path.hpp"

#include <fmt/format.h>

#include <functional>
#include <set>

#include "embergate/core/text.hpp"
#include "embergate/fhir/edit.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/stored.hpp"
#include "embergate/fhir/validate.hpp"
#include "interaction/client_secret.hpp"
#include "interaction/condition.hpp"
#include "interaction/read_result.hpp"
#include "interaction/references.hpp"
#include "interaction/system_resources.hpp"

namespace embergate::interaction {
namespace {

using store::Interaction;
using store::StoredVersion;

std::vector<store::DestinationSlot> slots_of(const std::vector<std::int64_t>& numbers) {
  return {numbers.begin(), numbers.end()};
}

topic::Interaction to_topic(Interaction interaction) { return static_cast<topic::Interaction>(interaction); }

bool is_present(const std::optional<StoredVersion>& current) {
  return current && current->interaction != Interaction::kDelete;
}

std::optional<CurrentVersion> present_version(const std::optional<StoredVersion>& current) {
  if (!is_present(current)) return std::nullopt;
  return CurrentVersion{current->version_id, current->last_updated};
}

core::Result<void> store_version(store::Transaction& tx, const StoredVersion& version,
                                 const std::vector<store::Identifier>& identifiers) {
  return tx.put_version({version.type, version.id, version.version_id, version.previous_version_id, version.interaction,
                         version.last_updated, version.created_at, version.body, identifiers});
}

// A PUT is 405, and a POST of what is there 409: both come from someone who wants to change it.
constexpr std::string_view kUnchangeable =
    "AidboxTopicDestination cannot be changed: wait until $status shows messagesQueued 0, then DELETE it and POST it "
    "again in one transaction bundle";

constexpr std::string_view kNameTail = ".name";

// "AidboxTopicDestination.parameter[3]" of an element of it; else empty.
std::string_view parameter_of(std::string_view expression) {
  constexpr std::string_view kStart = "AidboxTopicDestination.parameter[";
  const auto end = expression.find(']');
  return expression.starts_with(kStart) && end != std::string_view::npos ? expression.substr(0, end + 1)
                                                                         : std::string_view();
}

// Of a parameter whose form is wrong a later check says only the same in other words; of its name it says more.
void add_faults(std::vector<fhir::Issue>& issues, std::vector<fhir::Issue> found) {
  std::set<std::string, std::less<>> malformed;
  for (const fhir::Issue& issue : issues) {
    if (issue.code == "invalid" && !issue.expression.ends_with(kNameTail))
      malformed.emplace(parameter_of(issue.expression));
  }
  malformed.erase("");
  for (fhir::Issue& issue : found) {
    const bool is_said = malformed.contains(parameter_of(issue.expression)) && !issue.expression.ends_with(kNameTail);
    if (!is_said) issues.push_back(std::move(issue));
  }
}

// A conditional create that finds its resource: nothing is written (contract 5.2).
core::Result<std::optional<InteractionResult>> existing_match(store::Transaction& tx, const WriteRequest& request) {
  if (request.preconditions.if_none_exist.empty()) return std::optional<InteractionResult>();
  EG_TRY(const Condition condition, parse_condition(request.preconditions.if_none_exist));
  EG_TRY(const auto ids, find_matches(tx, request.type, condition));
  if (ids.empty()) return std::optional<InteractionResult>();
  if (ids.size() > 1) return several_matches(request.type, request.preconditions.if_none_exist);
  EG_TRY(auto found, tx.load_current(request.type, ids.front()));
  if (!found) return std::optional<InteractionResult>();
  return std::optional<InteractionResult>(result_of(200, *std::move(found)));
}

}  // namespace

std::optional<Refusal> refusal_of(std::vector<fhir::Issue> issues) {
  for (const fhir::Issue& issue : issues) {
    if (issue.severity != "error" && issue.severity != "fatal") continue;
    const auto code = issue.code == "not-supported" ? core::ErrorCode::kNotSupported : core::ErrorCode::kInvalid;
    return Refusal{core::make_error(code, issue.diagnostics, issue.expression), std::move(issues)};
  }
  return std::nullopt;
}

std::vector<fhir::Issue> WritePath::validate(const fhir::Resource& resource, std::string_view type,
                                             std::string_view id) const {
  std::vector<fhir::Issue> issues = fhir::check_shape(resource, type);
  if (!issues.empty()) return issues;
  issues = secretref::validate(resource, id, vault_, options_.secret_rules);
  // The bare placeholder stands for the stored value; whether there is one is known inside the transaction only.
  if (type == kClientType && keeps_stored_secret(resource)) {
    std::erase_if(issues, [](const fhir::Issue& issue) { return issue.expression == "Client.secret"; });
  }
  // Destinations are written by hand, and have all their faults in one answer.
  const bool wants_all = type == kDestinationType;
  if (!issues.empty() && !wants_all) return issues;
  add_faults(issues, validate_own(resource, type, id));
  if ((issues.empty() || wants_all) && fhir::is_system_type(type) && options_.validate_system_resource)
    add_faults(issues, options_.validate_system_resource(resource, id));
  return issues;
}

core::Result<void> WritePath::allowed(Method method, std::string_view type) {
  if (type != kDestinationType || method != Method::kPut) return {};
  return core::make_error(core::ErrorCode::kMethodNotAllowed, std::string(kUnchangeable));
}

core::Result<void> WritePath::check_id(const fhir::Resource& resource, std::string_view id) {
  const fhir::Node given = resource.root().member("id");
  if (!given.is_string() || given.string() == id) return {};
  return core::make_error(
      core::ErrorCode::kMalformed,
      fmt::format("the body has the id \"{}\", the URL \"{}\": give the same in both, or none in the body",
                  core::whole_characters(given.string(), 100), id),
      fmt::format("{}.id", resource.type()));
}

core::Result<InteractionResult> WritePath::apply(store::Transaction& tx, const WriteRequest& request,
                                                 const WriteContext& context, WriteLog& log) const {
  EG_CHECK(allowed(request.method, request.type));
  if (request.method == Method::kPost) {
    EG_TRY(auto existing, existing_match(tx, request));
    if (existing) return *std::move(existing);
  }
  EG_TRY(const auto current, tx.load_current(request.type, request.id));
  EG_CHECK(check_write(request.preconditions, present_version(current)));
  if (request.method == Method::kDelete) return remove(tx, request, current, context, log);
  if (request.method == Method::kPost && is_present(current)) {
    std::string text = fmt::format("Resource {}/{} already exists", request.type, request.id);
    if (request.type == kDestinationType) text += fmt::format(". An {}", kUnchangeable);
    return core::make_error(core::ErrorCode::kConflict, std::move(text));
  }
  return put(tx, request, current, context, log);
}

core::Result<InteractionResult> WritePath::put(store::Transaction& tx, const WriteRequest& request,
                                               const std::optional<StoredVersion>& current, const WriteContext& context,
                                               WriteLog& log) const {
  const bool update = is_present(current);
  fhir::ResourcePtr resource = request.resource;
  if (request.type == kClientType && keeps_stored_secret(*resource)) {
    if (!update) {
      return core::make_error(
          core::ErrorCode::kInvalid,
          "the masked placeholder stands for a stored value, and there is none: give a secret or a reference",
          "Client.secret");
    }
    EG_TRY(resource, with_stored_secret(resource, current->body));
  }
  if (!context.request->skip_reference_check) {
    const auto exists_after = [&](std::string_view type, std::string_view id) {
      const bool itself = type == request.type && id == request.id;
      return itself ? std::optional(true) : context.present_after(type, id);
    };
    EG_CHECK(check_references(*resource, options_.base_url + "/fhir", tx, *context.request, exists_after));
  }
  EG_CHECK(before_write(tx, *resource, request.type, request.id));
  StoredVersion version;
  version.type = request.type;
  version.id = request.id;
  version.version_id = tx.next_version_id();
  version.previous_version_id = current ? current->version_id : 0;
  version.interaction = update ? Interaction::kUpdate : Interaction::kCreate;
  version.last_updated = tx.now();
  version.created_at = update ? current->created_at : version.last_updated;
  version.body = fhir::stamp(
      *resource, {version.id, version.version_id, version.last_updated, version.created_at, options_.created_at_url});
  EG_CHECK(fhir::check_can_come_back(*resource, version.body, input_limits_));
  EG_CHECK(store_version(tx, version, identifiers_of(*resource)));
  EG_CHECK(after_write(tx, version));
  EG_CHECK(append_events(tx, version, update ? &*current : nullptr, context, log));
  return result_of(update ? 200 : 201, std::move(version));
}

core::Result<InteractionResult> WritePath::remove(store::Transaction& tx, const WriteRequest& request,
                                                  const std::optional<StoredVersion>& current,
                                                  const WriteContext& context, WriteLog& log) const {
  if (!is_present(current)) {
    if (options_.return_404_on_empty_delete) {
      return core::make_error(core::ErrorCode::kNotFound,
                              fmt::format("Resource {}/{} not found", request.type, request.id));
    }
    InteractionResult nothing;
    nothing.status = 204;
    nothing.type = request.type;
    nothing.id = request.id;
    return nothing;
  }
  EG_TRY(const std::uint64_t dropped,
         before_delete(tx, *current, request.preconditions.discard_queue, !context.request->authorize));
  if (dropped > 0) log.dropped.push_back({current->id, dropped, context.request->caller});
  EG_TRY(const fhir::ResourcePtr last, fhir::parse_stored(current->body));
  StoredVersion version = *current;
  version.version_id = tx.next_version_id();
  version.previous_version_id = current->version_id;
  version.interaction = Interaction::kDelete;
  version.last_updated = tx.now();
  version.body = fhir::stamp(
      *last, {version.id, version.version_id, version.last_updated, version.created_at, options_.created_at_url});
  EG_CHECK(store_version(tx, version, {}));
  EG_CHECK(after_write(tx, version));
  EG_CHECK(append_events(tx, version, &*current, context, log));
  return result_of(200, std::move(version));
}

core::Result<void> WritePath::append_events(store::Transaction& tx, const StoredVersion& written,
                                            const StoredVersion* previous, const WriteContext& context,
                                            WriteLog& log) const {
  EG_TRY(const auto catalog, catalogs_.at(tx, tx.catalog_epoch()));
  const topic::Interaction interaction = to_topic(written.interaction);
  if (!catalog->interested(written.type, interaction)) return {};
  fhir::ResourcePtr current_tree;
  fhir::ResourcePtr previous_tree;
  if (written.interaction != Interaction::kDelete) {
    EG_TRY(current_tree, fhir::parse_stored(written.body));
  }
  // On delete the last stored state is what unprefixed paths look at (contract 2.2).
  if (previous != nullptr &&
      (written.interaction == Interaction::kDelete || catalog->needs_previous(written.type, interaction))) {
    EG_TRY(previous_tree, fhir::parse_stored(previous->body));
  }
  topic::MatchObserver observer;
  observer.on_error = [&log](const topic::CriteriaError& error) { log.failed.push_back(CriteriaFailure::of(error)); };
  observer.on_match = [&log, &written](std::string_view url) {
    log.fired.push_back({std::string(url), store::to_string(written.interaction)});
  };
  observer.on_cost = [&log](topic::CriterionCost cost) { log.add(std::move(cost)); };
  observer.count_of = [&log](const topic::CriterionWatch& watch) { return log.count_of(watch); };
  observer.transaction_steps = &log.criteria_steps;
  // The stamp of the version, so that a body that runs twice, or a later look, decides the same.
  const topic::Match match = catalog->match(
      {interaction, written.type, current_tree.get(), previous_tree.get(), written.last_updated}, observer);
  const std::string& correlation_id = context.request->correlation_id;
  for (const topic::Match::Undecided& undecided : match.undecided) {
    const auto slots = slots_of(undecided.slots);
    EG_CHECK(tx.append_undecided(written.version_id,
                                 {slots, undecided.topic_version, written.type, written.id, undecided.reason},
                                 correlation_id));
  }
  if (match.slots.empty()) return {};
  return tx.append_events(written.version_id, slots_of(match.slots), correlation_id);
}

}  // namespace embergate::interaction
