// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "embergate/core/clock.hpp"
#include "store/sqlite/connection.hpp"
#include "support/temp_dir.hpp"

namespace embergate::store::sqlite {
namespace {

constexpr const char* kEndless =
    "WITH RECURSIVE counted(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM counted) SELECT count(*) FROM counted";

TEST(ConnectionDeadline, AStatementThatGoesOnAndOnEndsAndMayComeAgain) {
  const test::TempDir directory;
  auto opened = Connection::open(directory.write("box.db", ""), Connection::Mode::kReadWrite);
  ASSERT_TRUE(opened) << opened.error().diagnostics;
  Connection& connection = **opened;
  connection.end_at(core::system_clock().steady_now() + core::Milliseconds(20));
  const auto counted = connection.integer_of(kEndless);
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, core::ErrorCode::kUnavailable);
  EXPECT_TRUE(counted.error().retriable);
  EXPECT_NE(counted.error().diagnostics.find("BOX_DB_READ_DEADLINE_MS"), std::string::npos);
  EXPECT_FALSE(connection.run(Query::kBeginRead)) << "nor may the next one begin";
  connection.end_never();
  EXPECT_TRUE(connection.run(Query::kBeginRead));
}

TEST(ConnectionDeadline, SaysWhichLimitItWas) {
  const test::TempDir directory;
  auto opened = Connection::open(directory.write("box.db", ""), Connection::Mode::kReadWrite);
  ASSERT_TRUE(opened) << opened.error().diagnostics;
  Connection& connection = **opened;
  connection.end_at(core::system_clock().steady_now() + core::Milliseconds(20), "a limit that no setting changes");
  const auto counted = connection.integer_of(kEndless);
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().diagnostics, "a limit that no setting changes");
  EXPECT_TRUE(counted.error().retriable);
  EXPECT_EQ(connection.run(Query::kBeginRead).error().diagnostics, "a limit that no setting changes");
}

}  // namespace
}  // namespace embergate::store::sqlite
