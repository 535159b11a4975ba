// SPDX-License-Identifier: Apache-2.0
// All topics and destinations at one epoch, indexed by (resource type, interaction): the only question a write asks is
// match(). Equal criteria of several topics are evaluated once for an event. Thread: immutable after build(); match()
// from any thread. Ownership: share as shared_ptr<const Catalog>. Failure: a criterion that fails does not match, one
// that meets a bound leaves its topic undecided, and both reach the observer; match() itself never fails and
// changes nothing (contract 2.2, S-34).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/topic/criterion_watch.hpp"
#include "embergate/topic/subscription_topic.hpp"
#include "embergate/topic/topic_destination.hpp"

namespace embergate::topic {

struct Change {
  Interaction interaction = Interaction::kCreate;
  std::string_view type;
  const fhir::Resource* current = nullptr;   // nullptr on delete
  const fhir::Resource* previous = nullptr;  // nullptr on create, or when needs_previous() said no
  std::optional<core::SystemTime> now = {};  // of the commit: now() of the criteria; absent: the machine's clock
};

struct CriteriaError {
  enum class Kind {
    kFailed,     // ended with an error: does not match
    kExhausted,  // met a bound: undecided
    kPutOff      // was not evaluated (CriterionWatch): undecided
  };
  Kind kind = Kind::kFailed;
  std::string_view topic_url;
  std::size_t trigger = 0;  // in trigger[]
  std::string_view message;
  std::size_t line = 1;
  std::size_t column = 1;
};
// What one criterion cost; to be noted when the event has committed.
struct CriterionCost {
  std::shared_ptr<CriterionWatch> watch;
  CriterionWatch::Finding finding = CriterionWatch::Finding::kWithinLimits;
  std::string topic_url;  // whose watch it is: of the triggers that have the criterion, the first
  std::size_t trigger = 0;
};
// A criterion that matching may evaluate, by its watch and whose that is.
struct CriterionInUse {
  std::shared_ptr<CriterionWatch> watch;
  std::string_view topic_url;  // lives as long as the catalog
  std::size_t trigger = 0;
};
struct MatchObserver {
  std::function<void(const CriteriaError&)> on_error;        // once per trigger that could not decide
  std::function<void(std::string_view topic_url)> on_match;  // once per topic that fired
  std::function<void(CriterionCost)> on_cost;                // once per criterion that is costly, or was
  // What the watch stands at for this event, with what its transaction found before it; absent: at what is committed.
  std::function<CriterionWatch::Count(const CriterionWatch&)> count_of = {};
  // What is left to the criteria of all events of the transaction; counted down. Absent: only the event's own bound.
  std::uint64_t* transaction_steps = nullptr;
};
// Of all criteria of one transaction together (S-34). Without steps left, topics with criteria are undecided.
inline constexpr std::uint64_t kTransactionSteps = 50'000'000;

// What one change means to the destinations, by their slots.
struct Match {
  std::vector<std::int64_t> slots;  // get one event each (one per write, however many triggers match), ascending
  // Of the topics that did not fire and have a criterion that could not decide.
  struct Undecided {
    std::vector<std::int64_t> slots;
    std::int64_t topic_version = 0;
    std::string reason;
  };
  std::vector<Undecided> undecided;
};

class Catalog {
 public:
  Catalog(std::vector<std::shared_ptr<const SubscriptionTopic>> topics,
          std::vector<std::shared_ptr<const TopicDestination>> destinations, std::int64_t epoch);
  ~Catalog();

  [[nodiscard]] std::int64_t epoch() const;
  // False: no active topic with a destination listens to this; nothing needs to be parsed.
  [[nodiscard]] bool interested(std::string_view type, Interaction interaction) const;
  [[nodiscard]] bool needs_previous(std::string_view type, Interaction interaction) const;
  [[nodiscard]] Match match(const Change& change, const MatchObserver& observer) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const TopicDestination>>& destinations() const;
  [[nodiscard]] const std::vector<std::shared_ptr<const SubscriptionTopic>>& topics() const;
  [[nodiscard]] const SubscriptionTopic* topic_by_url(std::string_view url) const;
  // Of active topics with a destination, each watch once. Equal criteria of several topics have the watch of one.
  [[nodiscard]] std::vector<CriterionInUse> criteria_in_use() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::topic
