// SPDX-License-Identifier: Apache-2.0
// What parts of an evaluation hand to each other: items to a sink, the place they stand at, and how a value came out.
// Thread: one evaluation. Ownership: a Sink borrows its callable, a Scope its items, for the time of a call.
#pragma once

#include <cstdint>
#include <type_traits>

#include "fhirpath/arena.hpp"

namespace embergate::fhirpath {

// Takes items; returns false when it wants no more.
class Sink {
 public:
  template <class Callable, class = std::enable_if_t<!std::is_same_v<std::decay_t<Callable>, Sink>>>
  Sink(Callable&& callable)  // NOLINT: meant to convert from a lambda for the time of a call
      : object_(const_cast<void*>(static_cast<const void*>(&callable))), call_([](void* object, const Item& item) {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(item);
        }) {}
  bool operator()(const Item& item) const { return call_(object_, item); }

 private:
  void* object_;
  bool (*call_)(void*, const Item&);
};

// What $this, $index and $total are at a place.
struct Scope {
  Items self;
  std::int64_t index = 0;
  Items total;
};

enum class Outcome : std::uint8_t { kNone, kOne, kError };

}  // namespace embergate::fhirpath
