// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/store/store_fixture.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store {
namespace {

using ::testing::HasSubstr;

class Opening : public StoreTest {
 protected:
  core::Error refused(const SqliteOptions& options) {
    const auto opened = open(options);
    EXPECT_FALSE(opened);
    return opened ? core::Error{} : opened.error();
  }
  core::Error refused() { return refused(options()); }

  void change_file(const char* sql) const {
    const std::string path = directory_.file("box.db");
    if (!std::filesystem::exists(path)) directory_.write("box.db", "");
    const auto connection = sqlite::Connection::open(path, sqlite::Connection::Mode::kReadWrite);
    ASSERT_TRUE(connection);
    EXPECT_TRUE((*connection)->execute(sql));
  }
};

TEST_F(Opening, MakesAFileThatOnlyItsOwnerMayRead) {
  must_open();
  write("Patient", "p1", "{}");
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat status{};
    ASSERT_EQ(stat((directory_.file("box.db") + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
  store_.reset();
  ASSERT_EQ(chmod(directory_.file("box.db").c_str(), 0644), 0);
  must_open();
  struct stat status{};
  ASSERT_EQ(stat(directory_.file("box.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u) << "also one that others could read before";
}

TEST_F(Opening, RefusesANewerSchemaAndLeavesTheFileAlone) {
  must_open();
  write("Patient", "p1", "{}");
  store_.reset();
  change_file("INSERT INTO schema_version (number, applied_at) VALUES (999, 0)");
  const std::string before = test::read_file(directory_.file("box.db"));
  const auto error = refused();
  EXPECT_EQ(error.code, core::ErrorCode::kUnavailable);
  EXPECT_THAT(error.diagnostics, HasSubstr("BOX_DB_PATH has schema 999"));
  EXPECT_EQ(test::read_file(directory_.file("box.db")), before);
  change_file("DELETE FROM schema_version WHERE number = 999");
  must_open();
  EXPECT_TRUE(current("Patient", "p1"));
}

TEST_F(Opening, RefusesAFileThatIsNoDatabase) {
  directory_.write("box.db", std::string(10'000, 'x'));
  const auto error = refused();
  EXPECT_EQ(error.code, core::ErrorCode::kUnavailable);
  EXPECT_THAT(error.diagnostics, HasSubstr("BOX_DB_PATH"));
  EXPECT_EQ(test::read_file(directory_.file("box.db")), std::string(10'000, 'x'));
}

TEST_F(Opening, RefusesTheDatabaseOfAnotherProgram) {
  change_file("CREATE TABLE somebody (else_ INTEGER)");
  const auto error = refused();
  EXPECT_EQ(error.code, core::ErrorCode::kUnavailable);
  EXPECT_THAT(error.diagnostics, HasSubstr("another program"));
}

TEST_F(Opening, NamesTheSettingWhenThePathCannotBeUsed) {
  for (const std::string& path :
       {directory_.file("no/such/box.db"), directory_.path().string(), std::string(), std::string("/proc/box.db")}) {
    auto wrong = options();
    wrong.path = path;
    const auto error = refused(wrong);
    EXPECT_EQ(error.code, core::ErrorCode::kUnavailable) << path;
    EXPECT_THAT(error.diagnostics, HasSubstr("BOX_DB_PATH")) << path;
  }
}

TEST_F(Opening, RefusesASecondStoreOnTheSameFile) {
  must_open();
  observability::Metrics other_metrics;
  const auto second = open_sqlite_store(options(), clock_, other_metrics);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, core::ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().diagnostics, HasSubstr("BOX_DB_PATH"));
  EXPECT_NE(write("Patient", "p1", "{}"), 0) << "the first one goes on";
}

TEST_F(Opening, RefusesASecondProcessUntilTheFirstIsGone) {
  int ready[2];
  int finish[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(finish, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(finish[1]);
    const char opened = open() ? 'y' : 'n';
    char ignored = 0;
    const bool told = ::write(ready[1], &opened, 1) == 1;
    static_cast<void>(::read(finish[0], &ignored, 1));
    _exit(told ? 0 : 1);
  }
  char opened = 0;
  ASSERT_EQ(::read(ready[0], &opened, 1), 1);
  EXPECT_EQ(opened, 'y');
  EXPECT_THAT(refused().diagnostics, HasSubstr("another process already uses the database"));
  ASSERT_EQ(::write(finish[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  must_open();
  for (const int descriptor : {ready[0], ready[1], finish[0], finish[1]}) close(descriptor);
}

TEST_F(Opening, AnswersPingAndReportsTheLastCommit) {
  must_open();
  EXPECT_TRUE(store_->ping());
  write("Patient", "p1", "{}");
  EXPECT_GE(store_->last_commit_time(), core::Milliseconds(1)) << "rounded up";
}

TEST_F(Opening, BringsHeldRowsOfTheFirstSchemaAlong) {
  must_open();
  const DestinationSlot slot = open_slot("d1");
  ASSERT_TRUE(write_event(slot, "p1", "{}"));
  store_.reset();
  change_file(
      "DROP INDEX held_undecided; ALTER TABLE held DROP COLUMN topic; ALTER TABLE held DROP COLUMN verdict;"
      "DROP INDEX held_due; DROP INDEX held_waiting_of; DROP INDEX held_undecided_of; DROP INDEX held_state;"
      "ALTER TABLE held DROP COLUMN bytes;"
      "ALTER TABLE held DROP COLUMN released; ALTER TABLE held DROP COLUMN since; ALTER TABLE held DROP COLUMN code;"
      "DROP TABLE event_epoch; DROP TABLE target_binding;"
      "DELETE FROM counter WHERE name IN ('event_epoch', 'file_identity', 'version_floor');"
      "DELETE FROM schema_version WHERE number > 1;"
      "INSERT INTO held SELECT slot, event_number, 1, 'Patient', 'p1', 'too large', 3, 0 FROM outbox");
  must_open();
  const auto rows = store_->outbox().held_rows(slot, {});
  ASSERT_TRUE(rows) << rows.error().diagnostics;
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).reason, "too large");
  EXPECT_EQ(rows->at(0).attempts, 3u);
  EXPECT_EQ(rows->at(0).since, core::SystemTime());
  EXPECT_EQ(counters(slot).waiting, 1u);
}

}  // namespace
}  // namespace embergate::store
