// SPDX-License-Identifier: Apache-2.0
// One write inside a store transaction: preconditions, references, stamp, version, match, outbox rows. Everything that
// writes a resource comes through here (S-18), so what holds for one way of writing holds for all. Thread: apply() on
// the store's writer thread, inside the transaction; it may run again after a rollback. prepare() before it, on any
// thread. What apply() finds out for others stands in the WriteLog and counts after the commit. Failure: the error of
// contract 5.5; the caller's transaction is rolled back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "embergate/fhir/stored.hpp"
#include "embergate/interaction/interactions.hpp"
#include "interaction/catalog_cache.hpp"
#include "interaction/criteria_failures.hpp"
#include "interaction/references.hpp"

namespace embergate::interaction {

enum class Method { kPost, kPut, kDelete };

struct WriteRequest {
  Method method = Method::kPost;
  std::string type;
  std::string id;              // assigned before the transaction
  fhir::ResourcePtr resource;  // nullptr for a deletion
  Preconditions preconditions;
};

// What a transaction found out for the world outside it, which hears of it only when it committed.
struct WriteLog {
  struct Fired {
    std::string topic_url;
    std::string_view action;
  };
  struct DroppedQueue {
    std::string destination;
    std::uint64_t events = 0;
    std::string caller;
  };
  std::vector<Fired> fired;
  std::vector<DroppedQueue> dropped;
  std::vector<CriteriaFailure> failed;
  std::vector<topic::CriterionCost> costs;
  std::uint64_t criteria_steps = topic::kTransactionSteps;  // what is left of them
  // Where the watches of `costs` stand with them, so that a criterion is put off within a transaction as well.
  std::unordered_map<const topic::CriterionWatch*, topic::CriterionWatch::Count> counts;

  void add(topic::CriterionCost cost) {
    const auto [count, is_new] = counts.try_emplace(cost.watch.get());
    if (is_new) count->second = cost.watch->count();
    count->second.note(cost.finding);
    costs.push_back(std::move(cost));
  }
  [[nodiscard]] topic::CriterionWatch::Count count_of(const topic::CriterionWatch& watch) const {
    const auto found = counts.find(&watch);
    return found != counts.end() ? found->second : watch.count();
  }
};

struct WriteContext {
  const RequestContext* request = nullptr;
  // Whether a resource that the same transaction touches exists when that is done (references between entries of a
  // bundle); absent: it is not touched.
  ExistsAfter present_after = [](std::string_view, std::string_view) { return std::nullopt; };
};

class WritePath {
 public:
  WritePath(const Options& options, const vault::ConfigInForce& vault, const store::Store& store)
      : options_(options),
        vault_(vault),
        input_limits_(fhir::input_limits(options.parse_limits, options.created_at_url)),
        catalogs_(store) {}

  // Of what callers send.
  [[nodiscard]] const fhir::InputLimits& input_limits() const { return input_limits_; }

  // Shape, secrets, rules of the server's own types; `id` as it will be stored. Hashing is not done here.
  [[nodiscard]] std::vector<fhir::Issue> validate(const fhir::Resource& resource, std::string_view type,
                                                  std::string_view id) const;
  // Whether this method may be used on this type at all (405, contract 2.8).
  [[nodiscard]] static core::Result<void> allowed(Method method, std::string_view type);
  // An update's body has the id of its URL, or none (decision 45): kMalformed.
  [[nodiscard]] static core::Result<void> check_id(const fhir::Resource& resource, std::string_view id);
  core::Result<InteractionResult> apply(store::Transaction& tx, const WriteRequest& request,
                                        const WriteContext& context, WriteLog& log) const;
  [[nodiscard]] CatalogCache& catalogs() const { return catalogs_; }

 private:
  core::Result<InteractionResult> put(store::Transaction& tx, const WriteRequest& request,
                                      const std::optional<store::StoredVersion>& current, const WriteContext& context,
                                      WriteLog& log) const;
  core::Result<InteractionResult> remove(store::Transaction& tx, const WriteRequest& request,
                                         const std::optional<store::StoredVersion>& current,
                                         const WriteContext& context, WriteLog& log) const;
  core::Result<void> append_events(store::Transaction& tx, const store::StoredVersion& written,
                                   const store::StoredVersion* previous, const WriteContext& context,
                                   WriteLog& log) const;

  const Options& options_;
  const vault::ConfigInForce& vault_;
  const fhir::InputLimits input_limits_;
  mutable CatalogCache catalogs_;
};

// Issues of severity error or fatal make a Refusal; others do not.
std::optional<Refusal> refusal_of(std::vector<fhir::Issue> issues);

}  // namespace embergate::interaction
