// SPDX-License-Identifier: Apache-2.0
#include "interaction/bundle.hpp"

#include <fmt/format.h>

#include <charconv>

#include "embergate/core/text.hpp"
#include "embergate/core/uuid.hpp"
#include "embergate/fhir/reference.hpp"
#include "interaction/catalog_cache.hpp"
#include "interaction/client_secret.hpp"

namespace embergate::interaction {
namespace {

Refusal refuse(core::ErrorCode code, std::string diagnostics, std::string expression = {}) {
  return Refusal{core::make_error(code, std::move(diagnostics), std::move(expression)), {}};
}

struct EntryTarget {
  std::string type;
  std::string id;
  std::string query;
};

// "Patient", "/Patient/p1", "/fhir/Patient/p1", "<base>/fhir/Patient/p1" (contract 5.3).
Answer<EntryTarget> parse_entry_url(std::string_view url, const std::string& base_url) {
  std::string_view rest = url;
  if (rest.starts_with(base_url)) rest.remove_prefix(base_url.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.starts_with("fhir/")) rest.remove_prefix(5);
  const std::size_t question = rest.find('?');
  std::string query;
  if (question != std::string_view::npos) {
    query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  const std::size_t slash = rest.find('/');
  EntryTarget target{std::string(rest.substr(0, slash)),
                     slash == std::string_view::npos ? std::string() : std::string(rest.substr(slash + 1)),
                     std::move(query)};
  if (!fhir::is_resource_type(target.type)) {
    return refuse(core::ErrorCode::kNotFound,
                  fmt::format("request.url \"{}\" names no resource type", core::whole_characters(url, 300)));
  }
  if (!target.id.empty() && !fhir::is_valid_id(target.id)) {
    return refuse(core::ErrorCode::kInvalid,
                  fmt::format("request.url \"{}\" does not end in an id ([A-Za-z0-9-.], at most 64 characters)",
                              core::whole_characters(url, 300)));
  }
  return target;
}

// What stands behind the '?': nothing, or whether a destination's queue is dropped with it (contract 2.8).
Answer<bool> discard_of(const WriteRequest& write, std::string_view query, std::string_view url) {
  if (query.empty()) return false;
  if (write.method == Method::kDelete && write.type == kDestinationType) {
    if (query == "discard=true") return true;
    if (query == "discard=false") return false;
  }
  return refuse(
      core::ErrorCode::kNotSupported,
      fmt::format("request.url \"{}\" has a condition; use ifNoneExist or an id", core::whole_characters(url, 300)));
}

std::optional<store::VersionId> parse_etag(std::string_view text) {
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  store::VersionId version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return version;
}

Answer<Preconditions> preconditions_of(fhir::Node request) {
  Preconditions preconditions;
  preconditions.if_none_exist = std::string(request.member("ifNoneExist").string());
  const std::string_view if_match = request.member("ifMatch").string();
  if (if_match == "*") {
    preconditions.if_match_any = true;
  } else if (!if_match.empty()) {
    preconditions.if_match = parse_etag(if_match);
    if (!preconditions.if_match)
      return refuse(core::ErrorCode::kInvalid, "request.ifMatch is not a version: write W/\"<versionId>\"");
  }
  return preconditions;
}

Answer<Method> method_of(std::string_view text, bool& is_read) {
  is_read = text == "GET";
  if (is_read || text == "POST") return Method::kPost;
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

std::string_view interaction_of(const BundleEntry& entry) {
  if (entry.is_read) return "read";
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

// Everything about one entry that needs no other entry.
Answer<BundleEntry> read_entry(fhir::Node node, const fhir::InputLimits& limits, const std::string& base_url,
                               const RequestContext& context) {
  BundleEntry entry;
  const fhir::Node request = node.member("request");
  if (!request.is_object()) return refuse(core::ErrorCode::kInvalid, "the entry has no request");
  EG_TRY(entry.write.method, method_of(request.member("method").string(), entry.is_read));
  EG_TRY(EntryTarget target, parse_entry_url(request.member("url").string(), base_url));
  entry.write.type = std::move(target.type);
  entry.write.id = std::move(target.id);
  EG_CHECK(authorize_entry(entry, !request.member("ifNoneExist").string().empty(), context));
  EG_TRY(entry.write.preconditions, preconditions_of(request));
  if (entry.write.method != Method::kPost) entry.write.preconditions.if_none_exist.clear();
  EG_TRY(entry.write.preconditions.discard_queue,
         discard_of(entry.write, target.query, request.member("url").string()));
  const bool needs_id = entry.is_read || entry.write.method != Method::kPost;
  if (needs_id && entry.write.id.empty())
    return refuse(core::ErrorCode::kInvalid, "request.url needs an id for this method: <Type>/<id>");
  if (!needs_id && !entry.write.id.empty())
    return refuse(core::ErrorCode::kInvalid, "request.url of a POST is the type alone; use PUT for a given id");
  if (entry.is_read || entry.write.method == Method::kDelete) return entry;
  if (auto ok = WritePath::allowed(entry.write.method, entry.write.type); !ok)
    return Refusal{std::move(ok).error(), {}};
  EG_TRY(entry.write.resource, entry_resource(node.member("resource"), entry.write, limits));
  assign_id(entry.write, entry.write.resource->id());
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
  if (full_url.empty() || !entry.write.resource || !entry.write.preconditions.if_none_exist.empty()) return;
  bundle.targets.emplace(full_url, entry.write.type + "/" + entry.write.id);
}

std::optional<Refusal> finish_entry(BundleEntry& entry, const PreparedBundle& bundle, const WritePath& write_path) {
  if (!entry.write.resource) return std::nullopt;
  if (bundle.is_transaction) {
    auto resolved = rewrite_urn_references(entry.write.resource, bundle.targets);
    if (!resolved) return Refusal{std::move(resolved).error(), {}};
    entry.write.resource = std::move(resolved->resource);
    entry.references_complete = resolved->complete;
  }
  return refusal_of(write_path.validate(*entry.write.resource, entry.write.type, entry.write.id));
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
    auto entry = read_entry(node, write_path.input_limits(), options.base_url, context);
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
    auto refusal = finish_entry(prepared.entries[i], prepared, write_path);
    if (!refusal) continue;
    if (prepared.is_transaction) return in_entry(*std::move(refusal), i);
    prepared.entries[i].refusal = std::move(refusal);
  }
  return prepared;
}

}  // namespace embergate::interaction
