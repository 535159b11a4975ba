// SPDX-License-Identifier: Apache-2.0
// The memory behind SharedParts, and the search for parts of a program that can be shared.
// Thread: one event, one thread; mark_parts() while the program is built. Ownership: the items live as long as the
// memory. Failure: none.
#pragma once

#include <vector>

#include "embergate/fhirpath/shared_parts.hpp"
#include "fhirpath/arena.hpp"
#include "fhirpath/program.hpp"

namespace embergate::fhirpath {

struct SharedParts::Impl {
  struct Part {
    enum class State : std::uint8_t { kUnknown, kKept, kTooLong };
    State state = State::kUnknown;
    Items items;
  };
  explicit Impl(std::size_t count) : parts(count) {}

  // False: one of the items is no place in a resource, or there is no room for them.
  bool keep(Part& part, Items items);

  std::vector<Part> parts;
  Arena arena;
  std::size_t kept = 0;  // items
};

// Fills Program::parts and the `part` of the nodes that end one.
void mark_parts(Program& program);

}  // namespace embergate::fhirpath
