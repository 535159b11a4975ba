// SPDX-License-Identifier: Apache-2.0
// What a topic would do with a change that has not happened, and why: the answer to "my topic never fires". The same
// criteria are evaluated as by Catalog::match(), with everything told that a write has no time to tell. Thread: pure
// function; slow (criteria are evaluated several times), so call it on a pool. Ownership: borrows topic and states.
// Failure: none; a criterion that fails is part of the report. Bounds: kMaxTriggers, kMaxItems, the steps of one event
// for all criteria together (S-34).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "embergate/fhirpath/expression.hpp"
#include "embergate/topic/catalog.hpp"
#include "embergate/topic/subscription_topic.hpp"

namespace embergate::topic {

struct TriggerReport {
  std::size_t index = 0;  // in trigger[]
  bool type_fits = false;
  bool interaction_fits = false;
  bool fires = false;
  bool switched_off = false;  // writes put the criterion off at present (CriterionWatch); here it was evaluated
  std::string why;            // in words
  // The rest is of the criteria; absent outcome: there are none, or they were not evaluated.
  std::optional<fhirpath::Truth> outcome;
  std::vector<fhirpath::ResultItem> items;  // the first kMaxItems
  std::size_t item_count = 0;
  std::optional<fhirpath::EvaluationError> error;
  fhirpath::Trace trace;
  std::vector<fhirpath::Step> explanation;
  std::uint64_t steps = 0;  // of one evaluation, as a write would make it
};

struct DryRunReport {
  static constexpr std::size_t kMaxTriggers = 100;
  static constexpr std::size_t kMaxItems = 20;

  bool fires = false;  // some trigger fires and the topic is active
  std::string why;
  std::vector<TriggerReport> triggers;  // the first kMaxTriggers
};

// "create", "update", "delete".
std::string_view to_string(Interaction interaction);

DryRunReport dry_run(const SubscriptionTopic& topic, const Change& change);

}  // namespace embergate::topic
