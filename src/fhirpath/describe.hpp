// SPDX-License-Identifier: Apache-2.0
// A compiled program in words: its tree, and the text each part was written as.
// Thread: pure functions over an immutable program. Failure: none.
#pragma once

#include <string>
#include <string_view>

#include "fhirpath/program.hpp"

namespace embergate::fhirpath {

// The part of the expression's text that `id` was made from; empty for what is not written ($this before a path).
std::string_view source_of(const Program& program, NodeId id);
// One line for each part: "line:column", indentation, what it is. A path of plain names is one line.
std::string tree_of(const Program& program);
std::string_view symbol_of(Op op);  // "and", "<="; empty when `op` is no operator
bool is_binary(Op op);              // both a and b are parts

}  // namespace embergate::fhirpath
