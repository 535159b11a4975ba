// SPDX-License-Identifier: Apache-2.0
// Every statement that runs more than once, by name. A connection prepares each at most once and keeps it.
// Thread: pure.
// Rule: bodies are read by rowid from history and never stored twice (decision 40).
#pragma once

#include <cstddef>

namespace embergate::store::sqlite {

enum class Query : std::size_t {
  kBeginImmediate,
  kBeginRead,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kRollbackToSavepoint,
  kPing,
  kTakeRoom,
  kGiveRoomBack,
  kLoadCurrent,
  kLoadVersion,
  kCurrentVersion,
  kPreviousVersion,
  kFindIdentifier,
  kFindIdentifierAnySystem,
  kListCurrent,
  kInsertHistory,
  kInsertResource,
  kUpdateResource,
  kLoadIdentifiers,
  kInsertIdentifier,
  kDeleteIdentifier,
  kTypeName,
  kInsertType,
  kSetEpoch,
  kInsertEvent,
  kLoadSlots,
  kInsertSlot,
  kDeleteSlot,
  kDeleteSlotEvents,
  kDeleteSlotHeld,
  kSettleSlot,
  kDeleteEvents,
  kCountHeldInRange,
  kDeleteHeldInRange,
  kEventExists,
  kHeldState,
  kPutHeld,
  kReadEvents,
  kReadEventsAmongHeld,
  kReadEventAmongHeld,
  kProbeEvent,
  kLastEvent,
  kOldestQueued,
  kHeldRows,
  kHeldRowsOfState,
  kDueRows,
  kHeldRow,
  kPutUndecided,
  kUndecidedRows,
  kUndecidedRowsOf,
  kJudge,
  kGiveUp,
  kKeepUndecided,
  kReleaseHeld,
  kLoadEventEpochs,
  kInsertEventEpoch,
  kDeleteSlotEpochs,
  kTargetBinding,
  kTargetBindings,
  kBindTarget,
  kReplaceTarget,
  kCount
};

const char* text_of(Query query);

}  // namespace embergate::store::sqlite
