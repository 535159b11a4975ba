// SPDX-License-Identifier: Apache-2.0
// What was answered is there after the process was killed, and a volume that fills up costs answers, not data.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <numeric>
#include <set>
#include <thread>

#include "integration/store/store_fixture.hpp"

namespace embergate::store {
namespace {

class Durability : public StoreTest {
 protected:
  // In the child: writes from several threads until it is killed and reports each version id once its commit was
  // answered.
  [[noreturn]] void write_until_killed(int report) {
    if (!open()) _exit(1);
    const DestinationSlot slot = open_slot("d1");
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([this, slot, writer, report] {
        for (int i = 0;; ++i) {
          VersionId version = 0;
          const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
            EG_TRY(version, put(transaction, "Patient", std::to_string(writer), std::string(2'000, 'x')));
            return transaction.append_events(version, std::span(&slot, 1), {});
          });
          if (!outcome || ::write(report, &version, sizeof version) != sizeof version) _exit(2);
        }
      });
    }
    for (auto& thread : writers) thread.join();
    _exit(3);
  }
  static std::vector<VersionId> read_reports(int report, std::size_t limit) {
    std::vector<VersionId> reported;
    VersionId version = 0;
    while (reported.size() < limit && ::read(report, &version, sizeof version) == sizeof version)
      reported.push_back(version);
    return reported;
  }
};

TEST_F(Durability, KeepsEveryAnsweredWriteWhenTheProcessIsKilled) {
  std::vector<VersionId> all;
  for (int round = 0; round < 3; ++round) {
    int report[2];
    ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(report[1]);
    close(report[1]);
    const auto before = read_reports(report[0], 300);
    EXPECT_EQ(before.size(), 300u);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    const auto rest = read_reports(report[0], SIZE_MAX);
    close(report[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    all.insert(all.end(), before.begin(), before.end());
    all.insert(all.end(), rest.begin(), rest.end());
  }

  must_open();
  std::set<VersionId> stored;
  ASSERT_TRUE(store_->read([&](Reader& reader) -> core::Result<void> {
    for (int writer = 0; writer < 4; ++writer) {
      EG_TRY(const auto versions, reader.history("Patient", std::to_string(writer), 0, 1'000'000));
      for (const auto& version : versions) stored.insert(version.version_id);
    }
    return {};
  }));
  for (const VersionId version : all) EXPECT_TRUE(stored.contains(version)) << version;
}

TEST_F(Durability, NumbersEventsWithoutGapsWhenTheProcessIsKilled) {
  int report[2];
  ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) write_until_killed(report[1]);
  close(report[1]);
  EXPECT_EQ(read_reports(report[0], 200).size(), 200u);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  const std::size_t rest = read_reports(report[0], SIZE_MAX).size();
  close(report[0]);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);

  must_open();
  std::optional<StoredVersion> destination = current("AidboxTopicDestination", "d1");
  ASSERT_TRUE(destination);
  const DestinationSlot slot(destination->version_id);
  ASSERT_TRUE(write_event(slot, "after", "{}"));
  const auto found = numbers(slot);
  EXPECT_GE(found.size(), 201u + rest);
  std::vector<EventNumber> expected(found.size());
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(found, expected);
}

// The limit on the size of files makes writes fail as a broken or full volume does, in the middle of a commit.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit{bytes, previous_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &previous_);
    std::signal(SIGXFSZ, previous_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit previous_{};
  void (*previous_handler_)(int) = nullptr;
};

TEST_F(Durability, RefusesWritesThatCannotBeMadeDurableAndRecovers) {
  must_open();
  const DestinationSlot slot = open_slot("d1");
  ASSERT_TRUE(write_event(slot, "before", "{}"));
  const auto epoch = store_->committed_catalog_epoch();
  {
    const FileSizeLimit limit(4'096);
    for (int i = 0; i < 3; ++i) {
      const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
        EG_TRY(const VersionId version, put(transaction, "Basic", "lost", std::string(20'000, 'x')));
        transaction.advance_catalog_epoch();
        return transaction.append_events(version, std::span(&slot, 1), {});
      });
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().code, core::ErrorCode::kUnavailable);
      EXPECT_TRUE(outcome.error().retriable);
      EXPECT_EQ(outcome.error().fault, core::Fault::kStoreFull) << "a limit of files is as full as a volume";
    }
    EXPECT_TRUE(current("Patient", "before")) << "reading goes on";
  }
  EXPECT_FALSE(current("Basic", "lost"));
  EXPECT_EQ(store_->committed_catalog_epoch(), epoch);
  EXPECT_EQ(counters(slot).last_event_number, 1);
  ASSERT_TRUE(write_event(slot, "after", "{}"));
  EXPECT_NE(write("Basic", "lost", "now it fits"), 0);
  EXPECT_THAT(numbers(slot), ::testing::ElementsAre(1, 2));
  must_open();
  EXPECT_THAT(numbers(slot), ::testing::ElementsAre(1, 2));
  EXPECT_EQ(current("Basic", "lost")->body, "now it fits");
}

TEST_F(Durability, SaysThatWritesFailUntilAProbeFindsThemWellAgain) {
  must_open();
  write("Basic", "before", "{}");
  EXPECT_TRUE(store_->writing().holds);
  {
    const FileSizeLimit limit(4'096);
    ASSERT_FALSE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_CHECK(put(transaction, "Basic", "lost", std::string(20'000, 'x')));
      return {};
    }));
    EXPECT_FALSE(store_->writing().holds);
    EXPECT_NE(store_->writing().reason, "");
    ASSERT_FALSE(commit(*store_, [](Transaction&) -> core::Result<void> {
      return core::make_error(core::ErrorCode::kInvalid, "refused");
    }));
    EXPECT_FALSE(store_->writing().holds) << "a refused write says nothing";
    ASSERT_TRUE(commit(*store_, [](Transaction&) -> core::Result<void> { return {}; }));
    EXPECT_FALSE(store_->writing().holds) << "nor does one that had nothing to write";
    EXPECT_NE(store_->writing().reason, "");
    store_->probe_writing();
    ASSERT_FALSE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_CHECK(put(transaction, "Basic", "lost", std::string(20'000, 'x')));
      return {};
    }));
    EXPECT_FALSE(store_->writing().holds) << "the probe met the same";
  }
  store_->probe_writing();
  EXPECT_TRUE(test::eventually([&] { return store_->writing().holds; })) << store_->writing().reason;
  EXPECT_EQ(store_->writing().fault, core::Fault::kNone);
  must_open();
  EXPECT_TRUE(current("Basic", "before")) << "the probe left nothing behind";
  EXPECT_NE(write("Basic", "lost", "now it fits"), 0);
}

TEST_F(Durability, AFullDatabaseShowsAsWritesThatFail) {
  auto small = options();
  small.max_bytes = 400 * 1'024;
  must_open(small);
  bool written = true;
  for (int i = 0; i < 100 && written; ++i) {
    written = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
                EG_CHECK(put(transaction, "Basic", std::to_string(i), std::string(20'000, 'x')));
                return {};
              }).has_value();
  }
  ASSERT_FALSE(written);
  EXPECT_FALSE(store_->writing().holds);
  EXPECT_THAT(store_->writing().reason, ::testing::HasSubstr("the database is full"));
  EXPECT_EQ(store_->writing().fault, core::Fault::kStoreFull);
  store_->probe_writing();
  ASSERT_FALSE(commit(*store_, [](Transaction&) -> core::Result<void> {
    return core::make_error(core::ErrorCode::kInvalid, "comes after the probe");
  }));
  EXPECT_FALSE(store_->writing().holds) << "a probe needs room as a write does";
}

TEST_F(Durability, SaysThatTheDatabaseIsFullAndGoesOnWhenThereIsRoomAgain) {
  auto small = options();
  small.max_bytes = 400 * 1'024;
  must_open(small);
  write("Patient", "first", "{}");
  std::optional<core::Error> full;
  int written = 0;
  for (; written < 100 && !full; ++written) {
    const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_CHECK(put(transaction, "Basic", std::to_string(written), std::string(20'000, 'x')));
      return {};
    });
    if (!outcome) full = outcome.error();
  }
  ASSERT_TRUE(full);
  EXPECT_EQ(full->code, core::ErrorCode::kUnavailable);
  EXPECT_TRUE(full->retriable);
  EXPECT_THAT(full->diagnostics, ::testing::HasSubstr("the database is full"));
  EXPECT_EQ(full->fault, core::Fault::kStoreFull);
  EXPECT_FALSE(current("Basic", std::to_string(written - 1)));
  EXPECT_TRUE(current("Basic", std::to_string(written - 2)));
  EXPECT_NE(write("Patient", "first", "a small one still fits"), 0);
  must_open();
  EXPECT_NE(write("Basic", "more", std::string(20'000, 'x')), 0);
}

TEST_F(Durability, StartsTheLogAgainAboveItsCapUnderConstantLoad) {
  auto small = options();
  small.wal_cap_bytes = 1'024 * 1'024;
  must_open(small);
  for (int i = 0; i < 300; ++i) write("Basic", "same", std::string(20'000, 'x'));
  const double bytes = metrics_.gauge("store_wal_bytes", "")->value();
  EXPECT_LT(bytes, 3.0 * 1'024 * 1'024) << "six megabytes were written";
  EXPECT_GT(bytes, 0);
}

TEST_F(Durability, StartsTheLogAgainAlsoWhileTwoDrainsNeverLeaveAMomentWithoutReaders) {
  auto small = options();
  small.wal_cap_bytes = 1'024 * 1'024;
  must_open(small);
  const DestinationSlot slot = open_slot("d1");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(write_event(slot, "p", std::string(20'000, 'x')));
  std::atomic<bool> writing{true};
  std::atomic<int> failed{0};
  std::vector<std::thread> drains;
  for (int i = 0; i < 2; ++i) {
    drains.emplace_back([&] {
      while (writing) {
        if (!store_->outbox().read(slot, 0, 20, 1'000'000, [](const OutboxEvent&) { return true; })) ++failed;
      }
    });
  }
  const auto restarts = metrics_.counter("store_wal_restarts_total", "");
  for (int i = 0; i < 2'000 && restarts->value() < 2; ++i) write("Basic", "same", std::string(20'000, 'x'));
  writing = false;
  for (auto& thread : drains) thread.join();
  EXPECT_GE(restarts->value(), 2);
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace embergate::store
