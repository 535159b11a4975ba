// SPDX-License-Identifier: Apache-2.0
#include "interaction/bundle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "embergate/core/text.hpp"
#include "embergate/core/time_format.hpp"
#include "embergate/core/uuid.hpp"
#include "embergate/fhir/reference.hpp"
#include "interaction/catalog_cache.hpp"
#include "interaction/client_secret.hpp"
#include "interaction/condition.hpp"
#include "interaction/history.hpp"

namespace embergate::interaction {
namespace {

Refusal refuse(core::ErrorCode code, std::string diagnostics, std::string expression = {}) {
  return Refusal{core::make_error(code, std::move(diagnostics), std::move(expression)), {}};
}

template <class T>
Answer<T> answer_of(core::Result<T> result) {
  if (!result) return Refusal{std::move(result).error(), {}};
  return *std::move(result);
}

Answer<void> answer_of_check(const core::Result<void>& result) {
  if (!result) return Refusal{result.error(), {}};
  return {};
}

struct EntryTarget {
  std::string type;
  std::string id;
  std::string query;
  bool is_history = false;
  std::string version;
};

Refusal bad_url(core::ErrorCode code, std::string_view url, std::string_view why) {
  return refuse(code, fmt::format("request.url \"{}\" {}", core::whole_characters(url, 300), why));
}

// Takes the next segment of a path.
std::string_view take_segment(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return segment;
}

// "Patient", "Patient/p1", "Patient/p1/_history", "Patient/p1/_history/3", behind nothing, "/", "/fhir/" or
// "<base>/fhir/" (contract 5.3).
Answer<EntryTarget> parse_entry_url(std::string_view url, const std::string& base_url) {
  std::string_view rest = url;
  if (rest.starts_with(base_url)) rest.remove_prefix(base_url.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.starts_with("fhir/")) rest.remove_prefix(5);
  EntryTarget target;
  if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
    target.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  target.type = take_segment(rest);
  if (!fhir::is_resource_type(target.type)) return bad_url(core::ErrorCode::kNotFound, url, "names no resource type");
  target.id = take_segment(rest);
  if (!target.id.empty() && !fhir::is_valid_id(target.id))
    return bad_url(core::ErrorCode::kInvalid, url, "has no id behind the type ([A-Za-z0-9-.], at most 64 characters)");
  if (rest.empty()) return target;
  target.is_history = take_segment(rest) == "_history";
  target.version = take_segment(rest);
  if (!target.is_history || !rest.empty())
    return bad_url(core::ErrorCode::kNotFound, url, "leads to nothing that a bundle can ask for");
  return target;
}

// Calls `take` with each name and value; the first refusal ends it.
template <class Take>
Answer<void> each_parameter(std::string_view query, const Take& take) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    EG_CHECK(take(pair.substr(0, equals), pair.substr(std::min(pair.size(), equals + 1))));
  }
  return {};
}

Answer<EntryRead> read_of(const EntryTarget& target, std::string_view url) {
  EntryRead read;
  read.count = kDefaultHistoryCount;
  if (!target.version.empty()) {
    read.kind = EntryRead::Kind::kVersion;
    const char* const end = target.version.data() + target.version.size();
    const auto [at, error] = std::from_chars(target.version.data(), end, read.version);
    if (error != std::errc() || at != end || read.version <= 0)
      return bad_url(core::ErrorCode::kNotFound, url, "names no version");
  } else if (target.is_history) {
    read.kind = EntryRead::Kind::kHistory;
  }
  EG_CHECK(each_parameter(target.query, [&](std::string_view name, std::string_view value) -> Answer<void> {
    if (name == "_format" || name == "_pretty") return {};
    if (name != "_count" || read.kind != EntryRead::Kind::kHistory)
      return bad_url(core::ErrorCode::kNotSupported, url, "has a parameter that cannot be used here");
    auto count = parse_history_count(value);
    if (!count) return bad_url(count.error().code, url, count.error().diagnostics);
    read.count = *count;
    return {};
  }));
  return read;
}

// What stands behind the '?' of a write: nothing, or whether a destination's queue is dropped with it (contract 2.8).
Answer<bool> discard_of(const WriteRequest& write, std::string_view query, std::string_view url) {
  if (query.empty()) return false;
  if (write.method == Method::kDelete && write.type == kDestinationType) {
    if (query == "discard=true") return true;
    if (query == "discard=false") return false;
  }
  return bad_url(core::ErrorCode::kNotSupported, url, "has a condition; use ifNoneExist or an id");
}

Answer<Preconditions> preconditions_of(fhir::Node request) {
  Preconditions preconditions;
  preconditions.if_none_exist = std::string(request.member("ifNoneExist").string());
  EG_TRY(preconditions.if_match, answer_of(EntityTags::parse(request.member("ifMatch").string(), "request.ifMatch")));
  EG_TRY(preconditions.if_none_match,
         answer_of(EntityTags::parse(request.member("ifNoneMatch").string(), "request.ifNoneMatch")));
  if (const std::string_view since = request.member("ifModifiedSince").string(); !since.empty()) {
    preconditions.if_modified_since = core::parse_instant(since);
    if (!preconditions.if_modified_since)
      return refuse(core::ErrorCode::kInvalid, "request.ifModifiedSince is no instant: YYYY-MM-DDThh:mm:ssZ");
  }
  return preconditions;
}

constexpr std::string_view kRead = "GET";

Answer<Method> write_method_of(std::string_view text) {
  if (text == "POST") return Method::kPost;
  if (text == "PUT") return Method::kPut;
  if (text == "DELETE") return Method::kDelete;
  return refuse(core::ErrorCode::kMethodNotAllowed,
                fmt::format("request.method \"{}\" cannot be used here: GET, POST, PUT or DELETE",
                            core::whole_characters(text, 20)));
}

Answer<fhir::ResourcePtr> entry_resource(fhir::Node node, const WriteRequest& write, const fhir::InputLimits& limits) {
  if (!node.is_object()) return refuse(core::ErrorCode::kInvalid, "the entry has no resource");
  auto parsed = fhir::parse_input(std::string(node.raw()), limits);
  if (!parsed) return Refusal{std::move(parsed).error(), {}};
  fhir::ResourcePtr resource = *std::move(parsed);
  if (write.type == kClientType) {
    auto safe = hashed(resource);
    if (!safe) return Refusal{std::move(safe).error(), {}};
    resource = *std::move(safe);
  }
  return resource;
}

void assign_id(WriteRequest& write, std::string_view body_id) {
  if (write.method == Method::kPost && write.id.empty())
    write.id = body_id.empty() ? core::time_ordered_uuid() : std::string(body_id);
}

std::string_view interaction_of(const EntryRead& read) {
  switch (read.kind) {
    case EntryRead::Kind::kCurrent:
      return "read";
    case EntryRead::Kind::kVersion:
      return "vread";
    case EntryRead::Kind::kHistory:
      return "history-instance";
  }
  return "";
}

std::string_view interaction_of(const BundleEntry& entry) {
  if (entry.read) return interaction_of(*entry.read);
  switch (entry.write.method) {
    case Method::kPost:
      return "create";
    case Method::kPut:
      return "update";
    case Method::kDelete:
      return "delete";
  }
  return "";
}

// A condition is a search, and the answer to a deletion shows what was deleted.
Answer<void> authorize_entry(BundleEntry& entry, bool conditional, const RequestContext& context) {
  const std::string& type = entry.write.type;
  auto allowed = context.may(interaction_of(entry), type);
  if (allowed && conditional) allowed = context.may("search-type", type);
  if (!allowed) return Refusal{std::move(allowed).error(), {}};
  if (entry.write.method == Method::kDelete) entry.may_read = context.may("read", type).has_value();
  return {};
}

// Another id in the body would be stored under a name that its sender does not know (decision 45).
core::Result<void> same_id(const WriteRequest& write) {
  return write.method == Method::kPut ? WritePath::check_id(*write.resource, write.id) : core::Result<void>();
}

// The resource of a write that brings one, with its id.
Answer<void> read_resource(fhir::Node node, WriteRequest& write, const fhir::InputLimits& limits) {
  EG_CHECK(answer_of_check(WritePath::allowed(write.method, write.type)));
  EG_TRY(write.resource, entry_resource(node, write, limits));
  EG_CHECK(answer_of_check(same_id(write)));
  assign_id(write, write.resource->id());
  return {};
}

// Everything about one entry that needs no other entry.
Answer<BundleEntry> read_entry(fhir::Node node, const fhir::InputLimits& limits, const Options& options,
                               const RequestContext& context) {
  BundleEntry entry;
  WriteRequest& write = entry.write;
  const fhir::Node request = node.member("request");
  if (!request.is_object()) return refuse(core::ErrorCode::kInvalid, "the entry has no request");
  const std::string_view method = request.member("method").string();
  const std::string_view url = request.member("url").string();
  if (method != kRead) {
    EG_TRY(write.method, write_method_of(method));
  }
  EG_TRY(EntryTarget target, parse_entry_url(url, options.base_url));
  write.type = target.type;
  write.id = target.id;
  if (method == kRead) {
    EG_TRY(entry.read, read_of(target, url));
  }
  if (!entry.read && target.is_history) return bad_url(core::ErrorCode::kNotFound, url, "is for GET only");
  EG_CHECK(authorize_entry(entry, !request.member("ifNoneExist").string().empty(), context));
  EG_TRY(write.preconditions, preconditions_of(request));
  if (entry.read || write.method != Method::kPost) write.preconditions.if_none_exist.clear();
  EG_TRY(write.preconditions.if_none_exist,
         answer_of(search_part(write.preconditions.if_none_exist, write.type, options.base_url)));
  if (!entry.read) {
    EG_TRY(write.preconditions.discard_queue, discard_of(write, target.query, url));
  }
  const bool needs_id = entry.read || write.method != Method::kPost;
  if (needs_id && write.id.empty())
    return refuse(core::ErrorCode::kInvalid, "request.url needs an id for this method: <Type>/<id>");
  if (!needs_id && !write.id.empty())
    return refuse(core::ErrorCode::kInvalid, "request.url of a POST is the type alone; use PUT for a given id");
  if (!entry.read && write.method != Method::kDelete) EG_CHECK(read_resource(node.member("resource"), write, limits));
  return entry;
}

// A reference to it could mean either entry (R4 bdl-7, decision 45).
std::optional<Refusal> repeated(const PreparedBundle& bundle, std::string_view full_url) {
  if (!bundle.is_transaction || full_url.empty()) return std::nullopt;
  const auto first = bundle.entry_of_url.find(full_url);
  if (first == bundle.entry_of_url.end()) return std::nullopt;
  return refuse(core::ErrorCode::kInvalid,
                fmt::format("the fullUrl \"{}\" is that of Bundle.entry[{}] already; each entry needs its own",
                            core::whole_characters(full_url, 300), first->second));
}

// What a fullUrl stands for is known now, but for a conditional create, which may find its resource in the store.
void add_target(PreparedBundle& bundle, const BundleEntry& entry, const std::string& full_url) {
  if (full_url.empty() || !entry.write.resource) return;
  const bool is_known = entry.write.preconditions.if_none_exist.empty();
  bundle.targets.put(full_url, is_known ? entry.write.type + "/" + entry.write.id : std::string());
}

// What was sent is checked, not what its links become: a Type/id is no valid uuid.
std::optional<Refusal> finish_entry(PreparedBundle& bundle, std::size_t index, const WritePath& write_path) {
  BundleEntry& entry = bundle.entries[index];
  if (!entry.write.resource) return std::nullopt;
  if (auto refusal = refusal_of(write_path.validate(*entry.write.resource, entry.write.type, entry.write.id)))
    return refusal;
  if (!bundle.is_transaction) return std::nullopt;
  auto resolved = resolve_links(entry.write.resource, bundle.full_urls[index], bundle.targets);
  if (!resolved) return Refusal{std::move(resolved).error(), {}};
  entry.write.resource = std::move(resolved->resource);
  entry.links_complete = resolved->complete;
  return std::nullopt;
}

Answer<fhir::Node> entries_of(const fhir::Resource& bundle, const Options& options) {
  if (bundle.type() != "Bundle")
    return refuse(core::ErrorCode::kInvalid, "POST to the base takes a Bundle", "resourceType");
  const fhir::Node entries = bundle.root().member("entry");
  if (entries && !entries.is_array())
    return refuse(core::ErrorCode::kInvalid, "Bundle.entry must be a list", "Bundle.entry");
  if (entries.size() > options.max_bundle_entries) {
    return refuse(core::ErrorCode::kTooLarge,
                  fmt::format("the bundle has {} entries, the limit is {}", entries.size(), options.max_bundle_entries),
                  "Bundle.entry");
  }
  return entries;
}

}  // namespace

Refusal in_entry(Refusal refusal, std::size_t index) {
  const std::string place = fmt::format("Bundle.entry[{}]", index);
  const auto prefix = [&place](std::string& expression) {
    expression = expression.empty() ? place : place + ".resource." + expression;
  };
  if (refusal.issues.empty()) {
    if (!refusal.error.expression.empty())
      refusal.error.diagnostics = refusal.error.expression + ": " + refusal.error.diagnostics;
    refusal.error.expression = place;
    return refusal;
  }
  prefix(refusal.error.expression);
  for (fhir::Issue& issue : refusal.issues) prefix(issue.expression);
  return refusal;
}

Answer<PreparedBundle> prepare_bundle(const fhir::Resource& bundle, const WritePath& write_path, const Options& options,
                                      const RequestContext& context) {
  EG_TRY(const fhir::Node entries, entries_of(bundle, options));
  const std::string_view type = bundle.root().member("type").string();
  if (type != "transaction" && type != "batch") {
    return refuse(core::ErrorCode::kInvalid, "Bundle.type must be transaction or batch", "Bundle.type");
  }
  if (auto allowed = context.may(type, {}); !allowed) return Refusal{std::move(allowed).error(), {}};
  PreparedBundle prepared;
  prepared.is_transaction = type == "transaction";
  for (fhir::Node node = entries.first_child(); node; node = node.next_sibling(entries)) {
    auto entry = read_entry(node, write_path.input_limits(), options, context);
    if (!entry) {
      if (prepared.is_transaction) return in_entry(std::move(entry).error(), prepared.entries.size());
      prepared.entries.emplace_back().refusal = std::move(entry).error();
      prepared.full_urls.emplace_back();
      continue;
    }
    const std::string_view full_url = node.member("fullUrl").string();
    if (auto refusal = repeated(prepared, full_url)) return in_entry(*std::move(refusal), prepared.entries.size());
    prepared.entry_of_url.emplace(full_url, prepared.entries.size());
    prepared.full_urls.emplace_back(full_url);
    add_target(prepared, *entry, prepared.full_urls.back());
    prepared.entries.push_back(*std::move(entry));
  }
  for (std::size_t i = 0; i < prepared.entries.size(); ++i) {
    auto refusal = finish_entry(prepared, i, write_path);
    if (!refusal) continue;
    if (prepared.is_transaction) return in_entry(*std::move(refusal), i);
    prepared.entries[i].refusal = std::move(refusal);
  }
  return prepared;
}

}  // namespace embergate::interaction
