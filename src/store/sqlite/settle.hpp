// SPDX-License-Identifier: Apache-2.0
// Applies what a relay has to say about its rows: deletes delivered ranges, notes held rows, adds to the counters.
// Thread: writer, inside a step.
// Failure: the connection's. A settlement for a slot that is closed, and a held row that is gone, change nothing.
#pragma once

#include "embergate/core/result.hpp"
#include "embergate/store/outbox.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/slot_table.hpp"

namespace embergate::store::sqlite {

core::Result<void> apply_settlement(Connection& connection, SlotTable& slots, const Settlement& settlement);

}  // namespace embergate::store::sqlite
