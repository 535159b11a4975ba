// SPDX-License-Identifier: Apache-2.0
// How a change looks to a criterion (contract 2.2). Used by matching and by the dry run, so that both see the same.
// Thread: pure. Ownership: the context borrows the states of the change. Failure: none.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "embergate/fhirpath/expression.hpp"
#include "embergate/topic/catalog.hpp"

namespace embergate::topic {

inline constexpr std::uint64_t kEventSteps = 10'000'000;  // of all criteria of one event together (S-34)

// What happens to a criterion whose predecessors left it no step.
inline fhirpath::EvaluationError no_steps_left(bool of_transaction = false) {
  return {fmt::format("the criteria of this {} have used up their {} steps", of_transaction ? "transaction" : "event",
                      of_transaction ? kTransactionSteps : kEventSteps),
          1, 1, true};
}

// Why an event is undecided, for people.
inline std::string undecided_reason(std::size_t trigger, std::string_view message) {
  return fmt::format("the criterion of trigger[{}] could not decide: {}", trigger, message);
}

inline bool listens(const Trigger& trigger, Interaction interaction) {
  switch (interaction) {
    case Interaction::kCreate:
      return trigger.on_create;
    case Interaction::kUpdate:
      return trigger.on_update;
    case Interaction::kDelete:
      return trigger.on_delete;
  }
  return false;
}

// On delete the last stored state is what unprefixed paths look at.
inline fhirpath::EvaluationContext context_of(const Change& change) {
  fhirpath::EvaluationContext context;
  context.resource = change.interaction == Interaction::kDelete ? change.previous : change.current;
  context.variables = {{"current", change.interaction == Interaction::kDelete ? nullptr : change.current},
                       {"previous", change.interaction == Interaction::kCreate ? nullptr : change.previous}};
  context.now = change.now;
  return context;
}

}  // namespace embergate::topic
