// SPDX-License-Identifier: Apache-2.0
#include "interaction/transaction_bundle.hpp"

#include <fmt/format.h>

#include "embergate/core/text.hpp"
#include "interaction/bundle_identities.hpp"
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

core::Result<InteractionResult> read_entry(store::Transaction& tx, const WriteRequest& request) {
  EG_TRY(auto found, tx.load_current(request.type, request.id));
  return read_result(std::move(found), request.type, request.id);
}

// A read without its resource would be none; a write is what it is.
std::optional<Refusal> keep_body(InteractionResult& result, bool is_read, const TransactionAnswer& answer) {
  if (answer.minimal) result.body = std::string();
  if (is_read) return answer.meter->add(result.body.size(), "read fewer resources in one bundle");
  answer.meter->add_or_leave_out(result);
  return std::nullopt;
}

}  // namespace

core::Result<std::vector<EntryAnswer>> run_transaction(store::Transaction& tx, const PreparedBundle& bundle,
                                                       const WritePath& write_path, const RequestContext& context,
                                                       WriteLog& log, TransactionAnswer& answer) {
  EG_TRY(BundleIdentities identities, BundleIdentities::resolve(tx, bundle));
  const FindMatches find = [&](std::string_view type, const Condition& condition) {
    return identities.matches(tx, type, condition);
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
    WriteRequest rewritten;
    const WriteRequest* request = &entry.write;
    if (entry.write.resource && !entry.references_complete) {
      auto resource = rewrite_all_references(entry.write.resource, identities.targets(), find, context);
      if (!resource) return in_entry_error(std::move(resource).error(), i);
      rewritten = entry.write;
      rewritten.resource = *std::move(resource);
      request = &rewritten;
    }
    auto result = entry.is_read ? read_entry(tx, *request) : write_path.apply(tx, *request, write_context, log);
    if (!result) return in_entry_error(std::move(result).error(), i);
    if (entry.write.resource && fmt::format("{}/{}", result->type, result->id) != identities.of(i))
      return in_entry_error(moved_on(entry.write), i);
    if (!entry.may_read) result->body.clear();
    if (auto refusal = keep_body(*result, entry.is_read, answer)) {
      answer.refusal = in_entry(*std::move(refusal), i);
      return answer.refusal->error;
    }
    answers.emplace_back().result = *std::move(result);
  }
  return answers;
}

}  // namespace embergate::interaction
