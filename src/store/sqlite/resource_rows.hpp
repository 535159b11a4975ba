// SPDX-License-Identifier: Apache-2.0
// Finds the rows of one resource in a destination's queue without an index for it: the resource's chain of versions
// gives the version ids, and since event numbers and version ids rise together within a slot, each is found by
// bisection.
// Thread: that of the connection.
// Cost: the resource's versions since `from`, and about twenty probes for each of them.
#pragma once

#include <functional>
#include <string_view>

#include "embergate/core/result.hpp"
#include "embergate/store/types.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/type_table.hpp"

namespace embergate::store::sqlite {

// Calls `found` with each event number, rising, until it returns false.
using FoundEvent = std::function<core::Result<bool>(EventNumber)>;
core::Result<void> find_resource_rows(Connection& connection, const TypeTable& types, DestinationSlot slot,
                                      EventNumber from, std::string_view type, std::string_view id,
                                      const FoundEvent& found);

}  // namespace embergate::store::sqlite
