// SPDX-License-Identifier: Apache-2.0
// The rows that are not sent with the others: read by number or by state, released and discarded (decision 19).
// Thread: the two readers that of the connection; the others writer, inside a step.
// Failure: the connection's. A row that does not exist, or is of a state that an action does not concern, is passed
// over.
#pragma once

#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/store/store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/slot_table.hpp"

namespace embergate::store::sqlite {

core::Result<std::vector<HeldRow>> read_held_rows(Connection& connection, DestinationSlot slot, const HeldQuery& query);
core::Result<std::vector<HeldRow>> read_due_rows(Connection& connection, DestinationSlot slot, const DueQuery& query);
core::Result<std::vector<UndecidedRow>> read_undecided_rows(Connection& connection, DestinationSlot after,
                                                            std::size_t limit);
core::Result<std::vector<UndecidedRow>> read_undecided_rows_of(Connection& connection, DestinationSlot slot,
                                                               EventNumber after, std::size_t limit);
core::Result<bool> decide_row(Connection& connection, SlotTable& slots, DestinationSlot slot, EventNumber number,
                              Verdict verdict, std::string_view reason);
core::Result<std::vector<HeldRow>> release_held_rows(Connection& connection, SlotTable& slots, DestinationSlot slot,
                                                     const HeldSelection& selection, core::SystemTime now);
core::Result<std::vector<HeldRow>> discard_held_rows(Connection& connection, SlotTable& slots, DestinationSlot slot,
                                                     const HeldSelection& selection, core::SystemTime now);

}  // namespace embergate::store::sqlite
