// SPDX-License-Identifier: Apache-2.0
// Copies of a database in use, checked, put in its place, and the epoch that keeps event numbers apart.
#include "embergate/store/backup.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "integration/store/store_fixture.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Backup : public StoreTest {
 protected:
  std::string database() const { return directory_.file("box.db"); }
  std::string copy() const { return directory_.file("copy.db"); }

  core::Result<DatabaseFacts> back_up(const std::string& target, BackupOptions options = {}) {
    return back_up_sqlite_database(database(), target, options, clock_);
  }
  void must_back_up(const std::string& target) {
    const auto made = back_up(target);
    ASSERT_TRUE(made) << made.error().diagnostics;
  }
  // What a stop, a copy back and a start are.
  void restore(const std::string& from) {
    store_.reset();
    std::filesystem::remove(database());
    std::filesystem::copy_file(from, database());
    must_open();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path()))
      found.push_back(entry.path().filename());
    return found;
  }
  std::int64_t epoch_of(DestinationSlot slot, EventNumber number) {
    std::int64_t epoch = 0;
    for (const EventEpoch& one : store_->outbox().epochs(slot)) {
      if (one.first <= number) epoch = one.epoch;
    }
    return epoch;
  }
  void expect_nothing_but_the_database() {
    for (const std::string& name : names()) EXPECT_TRUE(name.starts_with("box.db")) << name;
  }
};

TEST_F(Backup, OfADatabaseThatIsWrittenWithoutPauseEndsAndIsOneState) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  // Each transaction writes both: a copy that holds one of them only is no state of the database.
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const std::string body = R"({"n":)" + std::to_string(i) + "}" + std::string(3'000, ' ');
      const auto done = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
        EG_TRY(const VersionId left, put(transaction, "Patient", "left", body));
        EG_CHECK(transaction.append_events(left, std::span(&slot, 1), {}));
        EG_TRY(const VersionId right, put(transaction, "Patient", "right", body));
        return transaction.append_events(right, std::span(&slot, 1), {});
      });
      if (done) ++written;
    }
  });
  EXPECT_TRUE(test::eventually([&] { return written > 200; }));
  const int before = written;
  must_back_up(copy());
  EXPECT_TRUE(test::eventually([&] { return written > before + 10; })) << "writes go on";
  stop = true;
  writer.join();
  const auto checked = check_sqlite_database(copy());
  ASSERT_TRUE(checked) << checked.error().diagnostics;
  EXPECT_THAT(checked->faults, IsEmpty());
  EXPECT_GE(checked->facts.queued, 2 * before) << "what was committed before the call is in it";
  const auto expected = queue(slot);
  restore(copy());
  EXPECT_EQ(current("Patient", "left")->body, current("Patient", "right")->body);
  const auto restored = queue(slot);
  ASSERT_EQ(static_cast<std::int64_t>(restored.size()), checked->facts.queued);
  for (std::size_t i = 0; i < restored.size(); ++i) {
    EXPECT_EQ(restored[i].number, expected[i].number);
    EXPECT_EQ(restored[i].version, expected[i].version);
    EXPECT_EQ(restored[i].body, expected[i].body);
  }
}

TEST_F(Backup, IsOneFileThatOnlyItsOwnerMayRead) {
  must_open();
  write("Patient", "p1", "{}");
  must_back_up(copy());
  struct stat status{};
  ASSERT_EQ(stat(copy().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  for (const std::string& name : names()) EXPECT_TRUE(name.starts_with("box.db") || name == "copy.db") << name;
  ASSERT_EQ(chmod(copy().c_str(), 0400), 0);
  EXPECT_TRUE(check_sqlite_database(copy())) << "it can be read where nothing can be written";
}

TEST_F(Backup, OverwritesNothing) {
  must_open();
  write("Patient", "p1", "{}");
  directory_.write("there", "precious");
  std::filesystem::create_symlink(directory_.file("nowhere"), directory_.file("dangling"));
  std::filesystem::create_symlink(directory_.file("there"), directory_.file("link"));
  for (const char* name : {"there", "dangling", "link", "box.db", "."}) {
    const auto refused = back_up(directory_.file(name));
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, core::ErrorCode::kConflict) << name;
    EXPECT_THAT(refused.error().diagnostics, HasSubstr(directory_.file(name)));
  }
  EXPECT_EQ(test::read_file(directory_.file("there")), "precious");
  EXPECT_FALSE(std::filesystem::exists(directory_.file("nowhere")));
  EXPECT_TRUE(current("Patient", "p1"));
}

TEST_F(Backup, ThatCannotBeWrittenOrReadSaysWhyAndLeavesNothing) {
  EXPECT_EQ(back_up(copy()).error().code, core::ErrorCode::kNotFound);
  must_open();
  write("Patient", "p1", "{}");
  const auto nowhere = back_up(directory_.file("no/such/copy.db"));
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().diagnostics, HasSubstr("no/such/copy.db"));
  EXPECT_FALSE(back_up("/proc/copy.db"));
  store_.reset();
  directory_.write("junk.db", std::string(10'000, 'x'));
  const auto junk = back_up_sqlite_database(directory_.file("junk.db"), copy(), {}, clock_);
  ASSERT_FALSE(junk);
  EXPECT_THAT(junk.error().diagnostics, HasSubstr("junk.db"));
  std::filesystem::remove(directory_.file("junk.db"));
  expect_nothing_but_the_database();
}

TEST_F(Backup, ThatWouldLetTheLogGrowTooFarGivesUp) {
  must_open();
  for (int i = 0; i < 300; ++i) write("Patient", "p" + std::to_string(i), std::string(40'000, ' '));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) write("Patient", "w" + std::to_string(i), std::string(100'000, ' '));
  });
  BackupOptions options;
  options.log_growth_limit = 1;
  std::string why;
  EXPECT_TRUE(test::eventually([&] {
    const auto made = back_up(copy(), options);
    if (made) std::filesystem::remove(copy());
    why = made ? "" : made.error().diagnostics;
    return !made;
  }));
  stop = true;
  writer.join();
  EXPECT_THAT(why, HasSubstr("box.db-wal grew by more than"));
  EXPECT_THAT(why, HasSubstr("--log-limit"));
  expect_nothing_but_the_database();
}

TEST_F(Backup, ThatIsCancelledLeavesNothing) {
  must_open();
  for (int i = 0; i < 300; ++i) write("Patient", "p" + std::to_string(i), std::string(40'000, ' '));
  const std::atomic<bool> cancelled{true};
  BackupOptions options;
  options.cancelled = &cancelled;
  const auto interrupted = back_up(copy(), options);
  ASSERT_FALSE(interrupted);
  EXPECT_THAT(interrupted.error().diagnostics, HasSubstr("interrupted"));
  expect_nothing_but_the_database();
}

TEST_F(Backup, RemovesWhatAKilledOneLeftAndNothingElse) {
  must_open();
  write("Patient", "p1", "{}");
  directory_.write("copy.db.AbCdEf.embergate-unfinished", "half");
  directory_.write("copy.db.AbCdEf.embergate-unfinished-wal", "half");
  directory_.write("notes", "mine");
  must_back_up(copy());
  EXPECT_FALSE(std::filesystem::exists(directory_.file("copy.db.AbCdEf.embergate-unfinished")));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("copy.db.AbCdEf.embergate-unfinished-wal")));
  EXPECT_EQ(test::read_file(directory_.file("notes")), "mine");
}

TEST_F(Backup, CheckFindsWhatIsBroken) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(write_event(slot, "p" + std::to_string(i), std::string(2'000, 'x')));
  must_back_up(copy());
  const std::string whole = test::read_file(copy());
  {
    const auto changed = sqlite::Connection::open(copy(), sqlite::Connection::Mode::kReadWrite);
    ASSERT_TRUE(changed);
    ASSERT_TRUE((*changed)->execute("DELETE FROM history WHERE version_id = (SELECT max(version_id) FROM history)"));
  }
  const auto lost = check_sqlite_database(copy());
  ASSERT_TRUE(lost);
  EXPECT_THAT(lost->faults, ::testing::SizeIs(2)) << "the resource and the event that point at the version";
  directory_.write("copy.db", whole.substr(0, whole.size() / 2));
  const auto cut = check_sqlite_database(copy());
  EXPECT_TRUE(!cut || !cut->faults.empty());
  std::string scribbled = whole;
  for (std::size_t page = 6; page < 12; ++page) scribbled.replace(page * 4'096, 64, std::string(64, '\x5a'));
  directory_.write("copy.db", scribbled);
  const auto damaged = check_sqlite_database(copy());
  EXPECT_TRUE(!damaged || !damaged->faults.empty());
}

TEST_F(Backup, CheckSaysEachFaultInALineOfItsOwn) {
  must_open();
  store_.reset();
  {
    const auto changed = sqlite::Connection::open(database(), sqlite::Connection::Mode::kReadWrite);
    ASSERT_TRUE(changed);
    ASSERT_TRUE(
        (*changed)->execute("PRAGMA writable_schema = ON;"
                            "DELETE FROM sqlite_schema WHERE type = 'index' AND name LIKE 'held%'"));
  }
  const auto checked = check_sqlite_database(database());
  ASSERT_TRUE(checked) << checked.error().diagnostics;
  EXPECT_GE(checked->faults.size(), 2U) << "pages that nothing uses";
  EXPECT_THAT(checked->faults, Each(Not(HasSubstr("\n"))));
}

TEST_F(Backup, CheckOfANamedFileSaysNothingOfTheSettingOfAnother) {
  must_open();
  store_.reset();
  {
    const auto changed = sqlite::Connection::open(database(), sqlite::Connection::Mode::kReadWrite);
    ASSERT_TRUE(changed);
    ASSERT_TRUE((*changed)->execute("INSERT INTO schema_version (number, applied_at) VALUES (999, 0)"));
  }
  directory_.write("garbage.db", std::string(5'000, 'x'));
  for (const std::string& path : {database(), directory_.file("garbage.db"), directory_.file("absent.db")}) {
    const auto checked = check_sqlite_database(path);
    ASSERT_FALSE(checked) << path;
    EXPECT_THAT(checked.error().diagnostics, HasSubstr(path));
    EXPECT_THAT(checked.error().diagnostics, Not(HasSubstr("BOX_DB_PATH")));
    const auto marked = mark_sqlite_database_as_copy(path, clock_);
    ASSERT_FALSE(marked) << path;
    EXPECT_THAT(marked.error().diagnostics, Not(HasSubstr("BOX_DB_PATH")));
  }
  EXPECT_THAT(check_sqlite_database(database()).error().diagnostics, HasSubstr("start the newer version"));
}

TEST_F(Backup, RestoreNeverGivesAnEventNumberTwiceInOneEpoch) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  ASSERT_TRUE(write_event(slot, "p1", "{}"));
  ASSERT_TRUE(write_event(slot, "p2", "{}"));
  must_back_up(copy());
  ASSERT_TRUE(write_event(slot, "lost", "{}"));
  const VersionId lost = current("Patient", "lost")->version_id;
  EXPECT_EQ(epoch_of(slot, 3), kFirstEpoch);

  restore(copy());
  EXPECT_EQ(epoch_of(slot, 1), kFirstEpoch) << "numbered before: its record is the same bytes again";
  EXPECT_EQ(epoch_of(slot, 2), kFirstEpoch);
  ASSERT_TRUE(write_event(slot, "other", "{}"));
  EXPECT_EQ(queue(slot).back().number, 3);
  const std::int64_t second = epoch_of(slot, 3);
  EXPECT_GT(second, kFirstEpoch);
  EXPECT_GT(current("Patient", "other")->version_id, lost) << "version ids are not given twice either";
  const DestinationSlot later = open_slot("later");
  EXPECT_EQ(epoch_of(later, 1), second);

  must_open();
  EXPECT_EQ(epoch_of(slot, 3), second) << "a start alone changes nothing";
  EXPECT_EQ(epoch_of(slot, 4), second);
  EXPECT_EQ(epoch_of(later, 1), second);

  clock_.advance(std::chrono::seconds(5));
  restore(copy());
  EXPECT_EQ(epoch_of(slot, 2), kFirstEpoch);
  EXPECT_GT(epoch_of(slot, 3), second) << "the same copy once more";
}

TEST_F(Backup, OfARestoredDatabaseRaisesTheEpochOnceMore) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  ASSERT_TRUE(write_event(slot, "p1", "{}"));
  must_back_up(copy());
  restore(copy());
  ASSERT_TRUE(write_event(slot, "p2", "{}"));
  const std::int64_t second = epoch_of(slot, 2);
  must_back_up(directory_.file("copy2.db"));
  restore(directory_.file("copy2.db"));
  EXPECT_EQ(epoch_of(slot, 1), kFirstEpoch);
  EXPECT_EQ(epoch_of(slot, 2), second);
  EXPECT_GT(epoch_of(slot, 3), second);
}

TEST_F(Backup, AFileThatIsNotTheOneOfTheLastStartCountsAsRestored) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  ASSERT_TRUE(write_event(slot, "p1", "{}"));
  store_.reset();
  std::filesystem::copy_file(database(), directory_.file("by-hand.db"));
  std::filesystem::rename(directory_.file("by-hand.db"), database());
  must_open();
  EXPECT_EQ(epoch_of(slot, 1), kFirstEpoch);
  EXPECT_GT(epoch_of(slot, 2), kFirstEpoch);
}

TEST_F(Backup, ACopyThatIsWrittenOverTheFileCountsWhenItIsMarked) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  ASSERT_TRUE(write_event(slot, "p1", "{}"));
  EXPECT_FALSE(mark_sqlite_database_as_copy(database(), clock_)) << "a gateway uses it";
  store_.reset();
  const auto marked = mark_sqlite_database_as_copy(database(), clock_);
  ASSERT_TRUE(marked) << marked.error().diagnostics;
  must_open();
  EXPECT_GT(epoch_of(slot, 2), kFirstEpoch);
}

TEST_F(Backup, TheLogOfTheDatabaseBeforeIsNotMixedIntoARestoredOne) {
  must_open();
  const DestinationSlot slot = open_slot("events");
  ASSERT_TRUE(write_event(slot, "p1", R"({"kept":true})"));
  must_back_up(copy());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(write_event(slot, "lost", std::string(3'000, ' ')));
  // As a killed gateway leaves them.
  const std::string log = test::read_file(database() + "-wal");
  ASSERT_FALSE(log.empty());
  store_.reset();
  std::filesystem::remove(database());
  std::filesystem::copy_file(copy(), database());
  directory_.write("box.db-wal", log);
  must_open();
  EXPECT_FALSE(current("Patient", "lost"));
  EXPECT_EQ(current("Patient", "p1")->body, R"({"kept":true})");
  EXPECT_EQ(test::read_file(database() + "-wal-of-the-database-before-1"), log);
  store_.reset();
  EXPECT_THAT(check_sqlite_database(database())->faults, IsEmpty());
}

}  // namespace
}  // namespace embergate::store
