// SPDX-License-Identifier: Apache-2.0
#include "interaction/transaction_bundle.hpp"

#include <fmt/format.h>

#include "embergate/core/text.hpp"
#include "interaction/bundle_identities.hpp"
#include "interaction/history.hpp"
#include "interaction/read_result.hpp"

namespace embergate::interaction {
namespace {

core::Error in_entry_error(core::Error error, std::size_t index) {
  return in_entry(Refusal{std::move(error), {}}, index).error;
}

// The guard behind the check for overlaps: no reference is stored to what an entry then did not become.
core::Error moved_on(const WriteRequest& write) {
  return core::make_error(core::ErrorCode::kMultipleMatches,
                          fmt::format("ifNoneExist \"{}\" meets another resource than before the transaction",
                                      core::whole_characters(write.preconditions.if_none_exist, 300)));
}

Answer<InteractionResult> read_entry(store::Transaction& tx, const BundleEntry& entry, const Options& options,
                                     AnswerMeter& meter) {
  const WriteRequest& asked = entry.write;
  if (entry.read->kind == EntryRead::Kind::kHistory)
    return read_history(tx, {asked.type, asked.id, entry.read->count, 0}, options, meter);
  return read_resource(tx, {asked.type, asked.id, entry.read->version_asked()}, asked.preconditions, meter);
}

// What an entry writes, with its links; `rewritten` holds it when they could not be resolved before.
core::Result<const WriteRequest*> resolved_request(const PreparedBundle& bundle, std::size_t index,
                                                   const LinkTargets& targets, const ResolveConditional& conditional,
                                                   WriteRequest& rewritten) {
  const BundleEntry& entry = bundle.entries[index];
  if (!entry.write.resource || entry.links_complete) return &entry.write;
  EG_TRY(auto resource, resolve_all_links(entry.write.resource, bundle.full_urls[index], targets, conditional));
  rewritten = entry.write;
  rewritten.resource = std::move(resource);
  return &rewritten;
}

}  // namespace

core::Result<std::vector<EntryAnswer>> run_transaction(store::Transaction& tx, const PreparedBundle& bundle,
                                                       const WritePath& write_path, const Options& options,
                                                       const RequestContext& context, WriteLog& log,
                                                       TransactionAnswer& answer) {
  EG_TRY(BundleIdentities identities, BundleIdentities::resolve(tx, bundle));
  const FindMatches find = [&](std::string_view type, const Condition& condition) {
    return identities.matches(tx, type, condition);
  };
  const ResolveConditional conditional = [&](fhir::Node reference) {
    return resolve_conditional(reference, find, context);
  };
  WriteContext write_context;
  write_context.request = &context;
  write_context.present_after = [&identities](std::string_view type, std::string_view id) {
    return identities.present_after(type, id);
  };

  std::vector<EntryAnswer> answers;
  answers.reserve(bundle.entries.size());
  for (std::size_t i = 0; i < bundle.entries.size(); ++i) {
    const BundleEntry& entry = bundle.entries[i];
    if (entry.read) {
      auto result = read_entry(tx, entry, options, *answer.meter);
      if (!result) {
        answer.refusal = in_entry(std::move(result).error(), i);
        return answer.refusal->error;
      }
      answers.emplace_back().result = *std::move(result);
      if (answer.minimal) {
        answers.back().result->drop_body();
        answer.meter->leave_reads_out();
      }
      continue;
    }
    WriteRequest rewritten;
    auto request = resolved_request(bundle, i, identities.targets(), conditional, rewritten);
    if (!request) return in_entry_error(std::move(request).error(), i);
    auto result = write_path.apply(tx, **request, write_context, log);
    if (!result) return in_entry_error(std::move(result).error(), i);
    if (entry.write.resource && fmt::format("{}/{}", result->type, result->id) != identities.of(i))
      return in_entry_error(moved_on(entry.write), i);
    if (!entry.may_read || answer.minimal) result->drop_body();
    answer.meter->add_or_leave_out(*result);
    answers.emplace_back().result = *std::move(result);
  }
  return answers;
}

}  // namespace embergate::interaction
