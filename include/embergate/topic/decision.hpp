// SPDX-License-Identifier: Apache-2.0
// What a write could not decide within its budget, decided outside it with a larger one (contract 2.2, S-34): the same
// topic on the same two states. Thread: pure function; takes seconds, so it belongs on a thread of its own.
// Ownership: borrows topic and states. Failure: kUndecided with the reason when the larger budget is not enough either.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "embergate/topic/catalog.hpp"
#include "embergate/topic/subscription_topic.hpp"

namespace embergate::topic {

// Of one criterion; the topic has to be parsed with them.
fhirpath::Limits patient_limits();
inline constexpr std::uint64_t kPatientSteps = 100'000'000;  // of all criteria of a topic together
inline constexpr std::uint64_t kQuickSteps = 2'000'000;      // the same, for a first look

struct Decision {
  enum class Outcome : std::uint8_t { kMatches, kDoesNotMatch, kUndecided };
  Outcome outcome = Outcome::kDoesNotMatch;
  std::string reason;         // of kUndecided
  bool out_of_steps = false;  // of kUndecided: more steps may decide it
};

// `observer` hears of criteria that ended with an error. `stop` ends it soon, as kUndecided.
Decision decide(const SubscriptionTopic& topic, const Change& change, const MatchObserver& observer,
                const std::atomic<bool>* stop = nullptr, std::uint64_t steps = kPatientSteps);

}  // namespace embergate::topic
