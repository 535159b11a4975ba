// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/queries.hpp"

#include "embergate/core/assert.hpp"

// CROSS JOIN keeps SQLite from choosing another order of the tables: the left one is always the narrow one.
#define EG_VERSION_COLUMNS "h.version_id, h.previous_version_id, h.interaction, h.last_updated, h.created_at, h.body"
#define EG_EVENT_COLUMNS \
  "o.event_number, o.version_id, o.correlation_id, h.interaction, h.type, h.id, h.last_updated, h.body"
#define EG_EVENT_TABLES " FROM outbox o CROSS JOIN history h ON h.version_id = o.version_id"
#define EG_NOT_SUPERSEDED \
  " AND NOT EXISTS (SELECT 1 FROM held d WHERE d.slot = o.slot AND d.event_number = o.event_number AND d.state = 2)"
#define EG_HELD_OF_RESOURCE                                                           \
  "SELECT 1 FROM held w WHERE w.slot = o.slot"                                        \
  " AND w.type = (SELECT t.name FROM type t WHERE t.number = h.type) AND w.id = h.id" \
  " AND w.event_number <= o.event_number"
// Its own state, 4 and 5 for an undecided row that is wanted and unwanted, 6 for a waiting one that was discarded;
// whether it stands behind a waiting row, and whether behind an undecided one.
#define EG_WAITS                                                                              \
  ", (SELECT CASE WHEN d.state = 3 AND d.verdict > 0 THEN 3 + d.verdict"                      \
  " WHEN d.state = 1 AND d.verdict = 2 THEN 6 ELSE d.state END FROM held d"                   \
  " WHERE d.slot = o.slot AND d.event_number = o.event_number), EXISTS (" EG_HELD_OF_RESOURCE \
  " AND w.state = 1 AND w.released = 0), EXISTS (" EG_HELD_OF_RESOURCE " AND w.state = 3)"
#define EG_HELD_COLUMNS                                                                                    \
  "d.event_number, d.state, d.released, d.type, d.id, d.code, d.reason, d.attempts, d.since, d.next_try, " \
  "o.version_id, d.bytes, d.state = 1 AND d.verdict = 2"
// One that was undecided and has its verdict is an event like others, on its way through its relay; so is a waiting one
// that was discarded. One that was wanted and refused keeps its verdict and waits like any other.
#define EG_HAS_NO_VERDICT " (d.verdict = 0 OR (d.state <> 3 AND d.verdict <> 2))"
#define EG_IS_JUDGED "((state = 3 AND verdict > 0) OR (state = 1 AND verdict = 2))"
#define EG_HELD_TABLES " FROM held d CROSS JOIN outbox o ON o.slot = d.slot AND o.event_number = d.event_number"
#define EG_BINDING_COLUMNS "secret, target, brokers, resource, proven, since"

namespace embergate::store::sqlite {

const char* text_of(Query query) {
  switch (query) {
    case Query::kBeginImmediate:
      return "BEGIN IMMEDIATE";
    case Query::kBeginRead:
      return "BEGIN";
    case Query::kCommit:
      return "COMMIT";
    case Query::kRollback:
      return "ROLLBACK";
    case Query::kSavepoint:
      return "SAVEPOINT step";
    case Query::kRelease:
      return "RELEASE step";
    case Query::kRollbackToSavepoint:
      return "ROLLBACK TO step";
    case Query::kPing:
      return "SELECT value FROM counter WHERE name = 'catalog_epoch'";
    case Query::kTakeRoom:  // no version has a number below 1
      return "INSERT INTO history (version_id, previous_version_id, type, id, interaction, last_updated, created_at, "
             "body)"
             " VALUES (-1, 0, 0, '', 0, 0, 0, zeroblob(65536))";
    case Query::kGiveRoomBack:
      return "DELETE FROM history WHERE version_id = -1";
    case Query::kLoadCurrent:
      return "SELECT " EG_VERSION_COLUMNS
             " FROM resource r CROSS JOIN history h ON h.version_id = r.version_id WHERE r.type = ?1 AND r.id = ?2";
    case Query::kLoadVersion:
      return "SELECT " EG_VERSION_COLUMNS " FROM history h WHERE h.version_id = ?1 AND h.type = ?2 AND h.id = ?3";
    case Query::kCurrentVersion:
      return "SELECT version_id, deleted FROM resource WHERE type = ?1 AND id = ?2";
    case Query::kPreviousVersion:
      return "SELECT previous_version_id FROM history WHERE version_id = ?1 AND type = ?2 AND id = ?3";
    case Query::kFindIdentifier:
      return "SELECT id FROM identifier WHERE type = ?1 AND value = ?2 AND system = ?4 LIMIT ?3";
    case Query::kFindIdentifierAnySystem:
      return "SELECT DISTINCT id FROM identifier WHERE type = ?1 AND value = ?2 LIMIT ?3";
    case Query::kListCurrent:
      return "SELECT version_id, id FROM resource WHERE type = ?1 AND deleted = 0 ORDER BY version_id LIMIT ?2";
    case Query::kInsertHistory:
      return "INSERT INTO history (version_id, previous_version_id, type, id, interaction, last_updated, created_at, "
             "body)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    case Query::kInsertResource:
      return "INSERT OR IGNORE INTO resource (type, id, version_id, deleted, identifiers) VALUES (?1, ?2, ?3, ?4, ?5)";
    case Query::kUpdateResource:
      return "UPDATE resource SET version_id = ?3, deleted = ?4, identifiers = ?5"
             " WHERE type = ?1 AND id = ?2 AND version_id = ?6";
    case Query::kLoadIdentifiers:
      return "SELECT identifiers FROM resource WHERE type = ?1 AND id = ?2";
    case Query::kInsertIdentifier:
      return "INSERT OR IGNORE INTO identifier (type, value, system, id) VALUES (?1, ?2, ?3, ?4)";
    case Query::kDeleteIdentifier:
      return "DELETE FROM identifier WHERE type = ?1 AND value = ?2 AND system = ?3 AND id = ?4";
    case Query::kTypeName:
      return "SELECT name FROM type WHERE number = ?1";
    case Query::kInsertType:
      return "INSERT INTO type (number, name) VALUES (?1, ?2)";
    case Query::kSetEpoch:
      return "UPDATE counter SET value = ?1 WHERE name = 'catalog_epoch'";
    case Query::kInsertEvent:
      return "INSERT INTO outbox (slot, event_number, version_id, correlation_id) VALUES (?1, ?2, ?3, ?4)";
    case Query::kLoadSlots:
      return "SELECT s.slot, s.delivered, s.failed_attempts, s.last_event_number,"
             " (SELECT coalesce(max(event_number), 0) FROM outbox o WHERE o.slot = s.slot),"
             " (SELECT count(*) FROM outbox o WHERE o.slot = s.slot),"
             " (SELECT count(*) FROM held h WHERE h.slot = s.slot),"
             " (SELECT count(*) FROM held h WHERE h.slot = s.slot AND h.state = 2),"
             " (SELECT count(*) FROM held h WHERE h.slot = s.slot AND h.state = 3 AND h.verdict = 0),"
             " (SELECT count(*) FROM held h WHERE h.slot = s.slot AND " EG_IS_JUDGED
             ")"
             " FROM slot s";
    case Query::kInsertSlot:
      return "INSERT OR IGNORE INTO slot (slot, destination_id, delivered, failed_attempts, last_event_number)"
             " VALUES (?1, ?2, 0, 0, 0)";
    case Query::kDeleteSlot:
      return "DELETE FROM slot WHERE slot = ?1";
    case Query::kDeleteSlotEvents:
      return "DELETE FROM outbox WHERE slot = ?1";
    case Query::kDeleteSlotHeld:
      return "DELETE FROM held WHERE slot = ?1";
    case Query::kSettleSlot:
      return "UPDATE slot SET delivered = ?2, failed_attempts = ?3, last_event_number = ?4 WHERE slot = ?1";
    case Query::kDeleteEvents:
      return "DELETE FROM outbox WHERE slot = ?1 AND event_number BETWEEN ?2 AND ?3";
    case Query::kCountHeldInRange:
      return "SELECT count(*), total(state = 2), total(state = 3 AND verdict = 0), total" EG_IS_JUDGED
             " FROM held WHERE slot = ?1 AND event_number BETWEEN ?2 AND ?3";
    case Query::kDeleteHeldInRange:
      return "DELETE FROM held WHERE slot = ?1 AND event_number BETWEEN ?2 AND ?3";
    case Query::kEventExists:
      return "SELECT 1 FROM outbox WHERE slot = ?1 AND event_number = ?2";
    case Query::kHeldState:
      return "SELECT CASE WHEN state = 3 AND verdict > 0 THEN 4 WHEN state = 1 AND verdict = 2 THEN 6 ELSE state END"
             " FROM held WHERE slot = ?1 AND event_number = ?2";
    case Query::kPutHeld:
      return "INSERT INTO held (slot, event_number, state, type, id, code, reason, attempts, next_try, since, "
             "bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET state = ?3,"
             " code = ?6, reason = ?7, attempts = ?8, next_try = ?9, bytes = ?11,"
             " since = CASE WHEN held.state = 3 THEN ?10 ELSE held.since END";
    case Query::kReadEvents:
      return "SELECT " EG_EVENT_COLUMNS EG_EVENT_TABLES
             " WHERE o.slot = ?1 AND o.event_number > ?2 ORDER BY o.event_number LIMIT ?3";
    case Query::kReadEventsAmongHeld:
      return "SELECT " EG_EVENT_COLUMNS EG_WAITS EG_EVENT_TABLES
             " WHERE o.slot = ?1 AND o.event_number > ?2" EG_NOT_SUPERSEDED " ORDER BY o.event_number LIMIT ?3";
    case Query::kReadEventAmongHeld:
      return "SELECT " EG_EVENT_COLUMNS EG_WAITS EG_EVENT_TABLES
             " WHERE o.slot = ?1 AND o.event_number = ?2" EG_NOT_SUPERSEDED;
    case Query::kProbeEvent:
      return "SELECT event_number, version_id FROM outbox WHERE slot = ?1 AND event_number >= ?2"
             " ORDER BY event_number LIMIT 1";
    case Query::kLastEvent:
      return "SELECT max(event_number) FROM outbox WHERE slot = ?1";
    case Query::kOldestQueued:
      return "SELECT h.last_updated" EG_EVENT_TABLES " WHERE o.slot = ?1" EG_NOT_SUPERSEDED
             " ORDER BY o.event_number LIMIT 1";
    case Query::kHeldRows:
      return "SELECT " EG_HELD_COLUMNS EG_HELD_TABLES " WHERE d.slot = ?1 AND d.event_number > ?2 AND" EG_HAS_NO_VERDICT
             " ORDER BY d.event_number LIMIT ?3";
    case Query::kHeldRowsOfState:
      return "SELECT " EG_HELD_COLUMNS EG_HELD_TABLES
             " WHERE d.slot = ?1 AND d.event_number > ?2 AND d.state = ?4 AND (?5 OR" EG_HAS_NO_VERDICT
             ")"
             " ORDER BY d.event_number LIMIT ?3";
    case Query::kDueRows:
      return "SELECT " EG_HELD_COLUMNS EG_HELD_TABLES
             " WHERE d.slot = ?1 AND d.state = 1 AND d.next_try <= ?2 AND (d.released = 1 OR NOT EXISTS (SELECT 1"
             " FROM held w WHERE w.slot = d.slot AND w.type = d.type AND w.id = d.id"
             " AND w.event_number < d.event_number AND w.state = 1 AND w.released = 0))"
             " ORDER BY d.next_try LIMIT ?3";
    case Query::kHeldRow:
      return "SELECT " EG_HELD_COLUMNS EG_HELD_TABLES
             " WHERE d.slot = ?1 AND d.event_number = ?2 AND" EG_HAS_NO_VERDICT;
    case Query::kPutUndecided:
      return "INSERT INTO held (slot, event_number, state, type, id, code, reason, attempts, next_try, since, topic)"
             " VALUES (?1, ?2, 3, ?3, ?4, 'undecided', ?5, 0, 0, ?6, ?7)";
    case Query::kUndecidedRows:
      return "SELECT d.slot, d.event_number, o.version_id, d.type, d.id, d.topic,"
             " (SELECT t.id FROM history t WHERE t.version_id = d.topic)"
             " FROM held d INDEXED BY held_undecided"
             " CROSS JOIN outbox o ON o.slot = d.slot AND o.event_number = d.event_number"
             " WHERE d.state = 3 AND d.attempts = 0 AND d.verdict = 0 AND d.slot ="
             " (SELECT s.slot FROM held s WHERE s.state = 3 AND s.attempts = 0 AND s.verdict = 0 AND s.slot > ?1 ORDER "
             "BY s.slot LIMIT 1)"
             " ORDER BY d.event_number LIMIT ?2";
    case Query::kUndecidedRowsOf:
      return "SELECT d.slot, d.event_number, o.version_id, d.type, d.id, d.topic,"
             " (SELECT t.id FROM history t WHERE t.version_id = d.topic)"
             " FROM held d INDEXED BY held_undecided"
             " CROSS JOIN outbox o ON o.slot = d.slot AND o.event_number = d.event_number"
             " WHERE d.state = 3 AND d.attempts = 0 AND d.verdict = 0 AND d.slot = ?1 AND d.event_number > ?2"
             " ORDER BY d.event_number LIMIT ?3";
    case Query::kJudge:
      return "UPDATE held SET verdict = ?3 WHERE slot = ?1 AND event_number = ?2 AND state = 3 AND verdict = 0";
    case Query::kGiveUp:
      return "UPDATE held SET verdict = 2, next_try = ?3"
             " WHERE slot = ?1 AND event_number = ?2 AND state = 1 AND released = 0 AND verdict <> 2";
    case Query::kKeepUndecided:
      return "UPDATE held SET attempts = attempts + 1, reason = ?3"
             " WHERE slot = ?1 AND event_number = ?2 AND state = 3 AND verdict = 0";
    case Query::kReleaseHeld:
      return "UPDATE held SET state = 1, released = ?3, next_try = ?4 WHERE slot = ?1 AND event_number = ?2";
    case Query::kLoadEventEpochs:
      return "SELECT s.slot, e.first_event_number, e.epoch FROM slot s LEFT JOIN event_epoch e ON e.slot = s.slot"
             " ORDER BY s.slot, e.first_event_number";
    case Query::kInsertEventEpoch:
      return "INSERT INTO event_epoch (slot, first_event_number, epoch) VALUES (?1, 1, ?2)";
    case Query::kDeleteSlotEpochs:
      return "DELETE FROM event_epoch WHERE slot = ?1";
    case Query::kTargetBinding:
      return "SELECT " EG_BINDING_COLUMNS " FROM target_binding WHERE secret = ?1";
    case Query::kTargetBindings:
      return "SELECT " EG_BINDING_COLUMNS " FROM target_binding";
    case Query::kBindTarget:
      return "INSERT OR IGNORE INTO target_binding (" EG_BINDING_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    case Query::kReplaceTarget:
      return "INSERT OR REPLACE INTO target_binding (" EG_BINDING_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    case Query::kCount:
      break;
  }
  EG_ASSERT(false);
  return nullptr;
}

}  // namespace embergate::store::sqlite
