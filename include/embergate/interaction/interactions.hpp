// SPDX-License-Identifier: Apache-2.0
// The FHIR interactions (FHIR R4 http, contract 5.2 and 5.3): create, read, vread, update, delete, history, batch,
// transaction. One write is one store transaction: version, history, matching and outbox rows commit together or not at
// all. Thread: all functions are coroutines for an io executor; parsing of large bodies and reads run on the blocking
// pool in fair turns by caller, dry runs on a pool of their own, writes on the store's writer. Ownership: Store,
// SecretCache's config and pools outlive it. Failure: Error with
// the code of contract 5.5 and the element's path; nothing is stored by halves.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/fair_pool.hpp"
#include "embergate/core/result.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/interaction/preconditions.hpp"
#include "embergate/interaction/secret_uses.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/secretref/secret_reference.hpp"
#include "embergate/store/store.hpp"
#include "embergate/topic/catalog.hpp"

namespace embergate::interaction {

// Whether the caller may do this: an interaction of FHIR's restful-interaction ("create", "search-type", ...), and the
// type, empty for the whole system. Any thread; pure. kForbidden says which right is missing.
using Authorize = std::function<core::Result<void>(std::string_view interaction, std::string_view type)>;

struct RequestContext {
  std::string correlation_id;         // contract 2.10
  bool skip_reference_check = false;  // header aidbox-validation-skip, already allowed by the setting
  bool return_minimal = false;        // Prefer: return=minimal: no resources in bundle answers
  Authorize authorize;                // absent: everything is allowed, as to an administrator
  std::string caller;                 // for the log, its turns on the pool, its share of what all answers may hold

  [[nodiscard]] core::Result<void> may(std::string_view interaction, std::string_view type) const {
    return authorize ? authorize(interaction, type) : core::Result<void>();
  }
};

struct InteractionResult {
  int status = 200;
  std::string type;
  std::string id;
  store::VersionId version_id = 0;
  core::SystemTime last_updated{};
  std::string body;                       // JSON; empty: none
  std::vector<std::string> more;          // of the body, in this order: a large answer comes in parts
  bool left_out = false;                  // there was no room for the body in the answer
  std::shared_ptr<const void> hold = {};  // to be kept until the body is sent: its share of max_answers_bytes

  void drop_body() {
    body = std::string();
    more.clear();
  }
};

// The R4 issue type of an answer that would be larger than max_answer_bytes: the only code that an ErrorCode has not.
inline constexpr std::string_view kTooCostly = "too-costly";

// Several issues at once (validation): carried as an Error whose diagnostics name the first; `issues` holds all.
struct Refusal {
  core::Error error;
  std::vector<fhir::Issue> issues;  // empty: the error says it all
};
template <class T>
using Answer = boost::system::result<T, Refusal>;
[[noreturn]] void throw_exception_from_error(const Refusal& refusal, const boost::source_location& location);

struct Options {
  std::string base_url = "http://localhost:8080";  // <base>
  std::string created_at_url = "ex:createdAt";     // fhir.validation.createdat-url
  bool return_404_on_empty_delete = false;         // fhir.return-404-on-empty-delete
  fhir::ParseLimits parse_limits;
  std::size_t max_bundle_entries = 10'000;  // S-35, decision 21
  // Bytes of resources in one answer, but for a single resource, and in all that are not sent yet.
  std::size_t max_answer_bytes = std::size_t{64} * 1024 * 1024;
  std::size_t max_answers_bytes = std::size_t{256} * 1024 * 1024;
  secretref::Options secret_rules;
  // Rules of modules that are not known here (destination values, access policies); called for the server's own
  // resource types.
  std::function<std::vector<fhir::Issue>(const fhir::Resource&, std::string_view id)> validate_system_resource;
  // After the commit, on the store's writer thread; must only post.
  std::function<void(const store::CommitReceipt&)> on_committed;
  // After a commit that changed topics, destinations, clients or policies, on the blocking pool and before the caller
  // is answered: what was configured is in force when its writer hears of it. Absent: nothing to do.
  std::function<void()> on_catalog_changed;
  // Events that were undecided are decided: what waits for its turn now, and what its relay drops in its place. On a
  // thread of its own; must only post.
  std::function<void(store::DestinationSlot slot, std::vector<store::HeldRow> wanted,
                     std::vector<store::HeldRow> unwanted)>
      on_decided;
  // Where faults of criteria last, under topic::topic_fault_key(); outlives the interactions. Null: nowhere.
  observability::Faults* faults = nullptr;
};

class Interactions {
 public:
  Interactions(Options options, store::Store& store, const vault::ConfigInForce& vault, core::FairPool& pool,
               core::FairPool& dry_runs, observability::Metrics& metrics);
  ~Interactions();
  Interactions(const Interactions&) = delete;
  Interactions& operator=(const Interactions&) = delete;

  // What the interaction itself needs, the caller has checked: here is checked what else it looks at or does (a
  // condition is a search, each entry of a bundle an interaction, a reference to one of the server's own types a read).
  boost::asio::awaitable<Answer<InteractionResult>> create(RequestContext context, std::string type, std::string body,
                                                           Preconditions preconditions);
  boost::asio::awaitable<Answer<InteractionResult>> read(std::string type, std::string id, Preconditions preconditions,
                                                         std::string caller = {});
  boost::asio::awaitable<Answer<InteractionResult>> vread(std::string type, std::string id, store::VersionId version,
                                                          Preconditions preconditions, std::string caller = {});
  boost::asio::awaitable<Answer<InteractionResult>> update(RequestContext context, std::string type, std::string id,
                                                           std::string body, Preconditions preconditions);
  boost::asio::awaitable<Answer<InteractionResult>> remove(RequestContext context, std::string type, std::string id,
                                                           Preconditions preconditions);
  // Newest first; `before` (exclusive, 0: none) and `count` page through it. 0 of them: how many there are, counted up
  // to 100,000.
  boost::asio::awaitable<Answer<InteractionResult>> history(std::string type, std::string id, std::size_t count,
                                                            store::VersionId before, std::string caller = {});
  boost::asio::awaitable<Answer<InteractionResult>> bundle(RequestContext context, std::string body);
  // AidboxSubscriptionTopic/$dry-run: what a topic would do with a change, as Parameters. Nothing is stored or sent.
  boost::asio::awaitable<Answer<InteractionResult>> dry_run(RequestContext context, std::string body);

  // Which stored resources use which secrets; their kinds and elements.
  boost::asio::awaitable<core::Result<std::vector<SecretUse>>> secret_uses(std::string caller = {});

  // The catalog of the last commit; blocks while it is loaded (call on a pool).
  core::Result<std::shared_ptr<const topic::Catalog>> catalog();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace embergate::interaction
