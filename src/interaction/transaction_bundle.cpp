// SPDX-License-Identifier: Apache-2.0
#include "interaction/transaction_bundle.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "interaction/condition.hpp"
#include "interaction/read_result.hpp"

namespace embergate::interaction {
namespace {

core::Error in_entry_error(core::Error error, std::size_t index) {
  return in_entry(Refusal{std::move(error), {}}, index).error;
}

// Conditional creates: what their fullUrl stands for, from the store or from the first entry with the same condition.
core::Result<UrnTargets> resolve_targets(store::Transaction& tx, const PreparedBundle& bundle) {
  UrnTargets targets = bundle.targets;
  UrnTargets first_with_condition;
  for (std::size_t i = 0; i < bundle.entries.size(); ++i) {
    const WriteRequest& write = bundle.entries[i].write;
    if (!write.resource || write.preconditions.if_none_exist.empty()) continue;
    auto condition = parse_condition(write.preconditions.if_none_exist);
    if (!condition) return in_entry_error(std::move(condition).error(), i);
    auto ids = find_matches(tx, write.type, *condition);
    if (!ids) return in_entry_error(std::move(ids).error(), i);
    const std::string target = write.type + "/" + (ids->empty() ? write.id : ids->front());
    const auto first = first_with_condition.emplace(write.type + "?" + write.preconditions.if_none_exist, target).first;
    if (!bundle.full_urls[i].empty()) targets.emplace(bundle.full_urls[i], first->second);
  }
  return targets;
}

core::Result<InteractionResult> read_entry(store::Transaction& tx, const WriteRequest& request) {
  EG_TRY(auto found, tx.load_current(request.type, request.id));
  return read_result(std::move(found), request.type, request.id);
}

}  // namespace

core::Result<std::vector<EntryAnswer>> run_transaction(store::Transaction& tx, const PreparedBundle& bundle,
                                                       const WritePath& write_path, const RequestContext& context,
                                                       WriteLog& log) {
  EG_TRY(const UrnTargets targets, resolve_targets(tx, bundle));
  std::unordered_set<std::string> written_here;
  for (const BundleEntry& entry : bundle.entries) {
    if (entry.write.resource) written_here.insert(entry.write.type + "/" + entry.write.id);
  }
  WriteContext write_context;
  write_context.request = &context;
  write_context.known = [&written_here](std::string_view type, std::string_view id) {
    return written_here.contains(fmt::format("{}/{}", type, id));
  };

  std::vector<EntryAnswer> answers;
  answers.reserve(bundle.entries.size());
  for (std::size_t i = 0; i < bundle.entries.size(); ++i) {
    const BundleEntry& entry = bundle.entries[i];
    WriteRequest rewritten;
    const WriteRequest* request = &entry.write;
    if (entry.write.resource && !entry.references_complete) {
      auto resource = rewrite_all_references(entry.write.resource, targets, tx, context);
      if (!resource) return in_entry_error(std::move(resource).error(), i);
      rewritten = entry.write;
      rewritten.resource = *std::move(resource);
      request = &rewritten;
    }
    auto result = entry.is_read ? read_entry(tx, *request) : write_path.apply(tx, *request, write_context, log);
    if (!result) return in_entry_error(std::move(result).error(), i);
    if (!entry.may_read) result->body.clear();
    answers.emplace_back().result = *std::move(result);
  }
  return answers;
}

}  // namespace embergate::interaction
