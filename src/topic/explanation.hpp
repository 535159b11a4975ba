// SPDX-License-Identifier: Apache-2.0
// Why a criterion did not fire, in words: the smallest part of it that decided, and how to write it instead (the
// three-valued traps of docs/criteria.md). Thread: pure. Ownership: plain values. Failure: none; without steps the
// words are general.
#pragma once

#include <span>
#include <string>

#include "embergate/fhirpath/expression.hpp"
#include "embergate/topic/catalog.hpp"

namespace embergate::topic {

// Of an evaluation that gave false, or nothing.
std::string why_false(std::span<const fhirpath::Step> steps);
std::string why_empty(std::span<const fhirpath::Step> steps, Interaction interaction);

}  // namespace embergate::topic
