// SPDX-License-Identifier: Apache-2.0
// What the fuzzers run on one input, as plain functions, so that an ordinary test replays what they once found.
// Thread: one. Failure: a broken promise of the engine ends the process with a sentence; sanitizers see the rest.
#pragma once

#include <string_view>

namespace embergate::fuzz {

// The input is an expression: lexer, parser, checker.
void expression(std::string_view input);

// The input is an expression, and after a line `%%` the JSON of a resource; without that line a built-in one serves.
void evaluation(std::string_view input);

}  // namespace embergate::fuzz
