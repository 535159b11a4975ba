// SPDX-License-Identifier: Apache-2.0
// Which way SQLite goes to the rows of a query. A query that looks at every held row for each row that it reads takes
// the square of their number: a queue with some thousand refused events would stand still.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "integration/store/store_fixture.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store {
namespace {

using sqlite::Query;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class QueryPlans : public StoreTest {
 protected:
  void SetUp() override {
    must_open();
    store_.reset();
    auto opened = sqlite::Connection::open(directory_.file("box.db"), sqlite::Connection::Mode::kReadOnly);
    ASSERT_TRUE(opened) << opened.error().diagnostics;
    connection_ = *std::move(opened);
  }
  // "SEARCH w USING INDEX held_waiting_of (slot=? AND …)", a line for each table. Newer SQLite says so when the index
  // alone is enough.
  std::vector<std::string> plan_of(Query query) {
    std::vector<std::string> lines;
    sqlite3_stmt* raw = nullptr;
    const std::string sql = std::string("EXPLAIN QUERY PLAN ") + sqlite::text_of(query);
    EXPECT_EQ(sqlite3_prepare_v2(connection_->handle(), sql.c_str(), -1, &raw, nullptr), SQLITE_OK) << sql;
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(raw, &sqlite3_finalize);
    while (raw != nullptr && sqlite3_step(raw) == SQLITE_ROW) {
      std::string line(reinterpret_cast<const char*>(sqlite3_column_text(raw, 3)));
      if (const auto covering = line.find("COVERING "); covering != std::string::npos) line.erase(covering, 9);
      lines.push_back(std::move(line));
    }
    return lines;
  }

  std::unique_ptr<sqlite::Connection> connection_;
};

constexpr const char* kOfOneResource = "(slot=? AND type=? AND id=? AND event_number<?)";

TEST_F(QueryPlans, FindWhatARowStandsBehindByItsResource) {
  for (const Query query : {Query::kReadEventsAmongHeld, Query::kReadEventAmongHeld}) {
    const auto plan = plan_of(query);
    EXPECT_THAT(plan, Contains(HasSubstr("SEARCH w USING INDEX held_waiting_of " + std::string(kOfOneResource))));
    EXPECT_THAT(plan, Contains(HasSubstr("SEARCH w USING INDEX held_undecided_of " + std::string(kOfOneResource))));
    EXPECT_THAT(plan, Contains(HasSubstr("SEARCH d USING PRIMARY KEY (slot=? AND event_number=?)")));
  }
  const auto due = plan_of(Query::kDueRows);
  EXPECT_THAT(due, Contains(HasSubstr("SEARCH d USING INDEX held_due (slot=? AND state=? AND next_try<?)")));
  EXPECT_THAT(due, Contains(HasSubstr("SEARCH w USING INDEX held_waiting_of " + std::string(kOfOneResource))));
}

TEST_F(QueryPlans, FindUndecidedRowsWithoutLookingAtTheOtherHeldOnes) {
  const auto plan = plan_of(Query::kUndecidedRows);
  EXPECT_THAT(plan, Contains(HasSubstr("SEARCH d USING INDEX held_undecided (slot=?)")));
  EXPECT_THAT(plan, Contains(HasSubstr("SEARCH s USING INDEX held_undecided (slot>?)")));
}

TEST_F(QueryPlans, FindTheUndecidedRowsOfASlotByTheirNumber) {
  EXPECT_THAT(plan_of(Query::kUndecidedRowsOf),
              Contains(HasSubstr("SEARCH d USING INDEX held_undecided (slot=? AND event_number>?)")));
}

TEST_F(QueryPlans, ScanNoTableForAHeldRow) {
  for (const Query query :
       {Query::kHeldRows, Query::kHeldRowsOfState, Query::kHeldRow, Query::kHeldState, Query::kDueRows,
        Query::kUndecidedRows, Query::kUndecidedRowsOf, Query::kReadEventsAmongHeld, Query::kReadEventAmongHeld,
        Query::kJudge, Query::kKeepUndecided, Query::kReleaseHeld}) {
    const auto plan = plan_of(query);
    EXPECT_FALSE(plan.empty());
    EXPECT_THAT(plan, Each(Not(HasSubstr("SCAN")))) << sqlite::text_of(query);
    EXPECT_THAT(plan, Each(Not(HasSubstr("TEMP B-TREE")))) << sqlite::text_of(query);
  }
}

}  // namespace
}  // namespace embergate::store
