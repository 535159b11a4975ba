// SPDX-License-Identifier: Apache-2.0
// For people: what a reason code of R-48 means and what to do about it. Thread: pure functions. Failure: none; an
// unknown code gives a general text. Names neither path nor content (S-13).
#pragma once

#include <string>
#include <string_view>

namespace embergate::vault {

std::string_view explanation_of(std::string_view reason);
// The same with what is known beyond the code, such as a position.
std::string explained(std::string_view reason, std::string_view detail);

}  // namespace embergate::vault
