// SPDX-License-Identifier: Apache-2.0
// What a reason code of R-48 is in the table of error codes, and in words: its explanation and its remedy. Thread: pure
// functions. Failure: none; an unknown code is no fault and gives a general text. Names neither path nor content
// (S-13).
#pragma once

#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::vault {

core::Fault fault_of(std::string_view reason);
// The state decides where it says more than the reason: a stale value is secret.stale, whatever the file has.
core::Fault fault_of(State state, std::string_view reason);
// The same with the end of what is in use: secret.expires in the last 30 days, or in the last twentieth of what lives
// for less than 90 days, since that is renewed by machines.
core::Fault fault_of(const Report& report, core::SystemTime now);

std::string_view explanation_of(std::string_view reason);
// The same with what is known beyond the code, such as a position.
std::string explained(std::string_view reason, std::string_view detail);
// What `$vault-status` and `vault check` say of a report; empty: there is nothing to say.
std::string explained(const Report& report);

}  // namespace embergate::vault
