// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>

#include "integration/store/store_fixture.hpp"

namespace embergate::store {
namespace {

using ::testing::ElementsAre;

class GroupCommit : public StoreTest {
 protected:
  void SetUp() override { must_open(); }

  double metric(std::string_view name) { return metrics_.counter(name, "").get()->value(); }

  // Holds the writer inside a body until release(), so that what is sent meanwhile forms one group.
  struct Gate {
    std::promise<void> entered;
    std::promise<void> opened;
    std::shared_future<void> open_future = opened.get_future().share();
  };
  std::shared_ptr<Gate> hold_writer() {
    auto gate = std::make_shared<Gate>();
    store_->transact(
        [gate](Transaction&) -> core::Result<void> {
          gate->entered.set_value();
          gate->open_future.wait_for(kDeadline);
          return {};
        },
        [](const core::Result<CommitReceipt>&) {});
    EXPECT_EQ(gate->entered.get_future().wait_for(kDeadline), std::future_status::ready);
    return gate;
  }

  // Sends bodies that form one group and returns their outcomes in order.
  std::vector<core::Result<CommitReceipt>> as_one_group(std::vector<Store::Body> bodies) {
    const auto gate = hold_writer();
    std::vector<std::future<core::Result<CommitReceipt>>> futures;
    for (auto& body : bodies) {
      auto promise = std::make_shared<std::promise<core::Result<CommitReceipt>>>();
      futures.push_back(promise->get_future());
      store_->transact(std::move(body),
                       [promise](core::Result<CommitReceipt> outcome) { promise->set_value(std::move(outcome)); });
    }
    gate->opened.set_value();
    std::vector<core::Result<CommitReceipt>> outcomes;
    for (auto& future : futures) outcomes.push_back(future.get());
    return outcomes;
  }

  static Store::Body putting(std::string id) {
    return [id](Transaction& transaction) -> core::Result<void> {
      EG_CHECK(put(transaction, "Patient", id, "{}"));
      return {};
    };
  }
};

TEST_F(GroupCommit, SharesOneCommitBetweenAllThatWait) {
  write("Patient", "first", "{}");
  const double commits = metric("store_commits_total");
  std::vector<Store::Body> bodies;
  for (int i = 0; i < 200; ++i) bodies.push_back(putting("p" + std::to_string(i)));
  for (const auto& outcome : as_one_group(std::move(bodies))) EXPECT_TRUE(outcome);
  EXPECT_EQ(metric("store_commits_total") - commits, 2) << "one for the held body, one for the two hundred";
}

TEST_F(GroupCommit, CommitsBeforeTheNextBodyWhenBodiesTakeLong) {
  const double commits = metric("store_commits_total");
  const auto slow = [this](std::string id) -> Store::Body {
    return [this, id = std::move(id)](Transaction& transaction) -> core::Result<void> {
      clock_.advance(std::chrono::seconds(1));
      EG_CHECK(put(transaction, "Patient", id, "{}"));
      return {};
    };
  };
  for (const auto& outcome : as_one_group({slow("p1"), slow("p2"), putting("p3"), putting("p4")})) EXPECT_TRUE(outcome);
  EXPECT_EQ(metric("store_commits_total") - commits, 4) << "the held body, two slow ones, and the quick ones together";
  EXPECT_LT(current("Patient", "p3")->version_id, current("Patient", "p4")->version_id) << "in their order";
}

TEST_F(GroupCommit, TakesNoMoreThanItsLimitIntoOneCommit) {
  auto limited = options();
  limited.max_group = 10;
  must_open(limited);
  const double commits = metric("store_commits_total");
  std::vector<Store::Body> bodies;
  for (int i = 0; i < 30; ++i) bodies.push_back(putting("p" + std::to_string(i)));
  for (const auto& outcome : as_one_group(std::move(bodies))) EXPECT_TRUE(outcome);
  EXPECT_EQ(metric("store_commits_total") - commits, 4);
}

TEST_F(GroupCommit, TakesBackOnlyWhatAFailedBodyDid) {
  auto outcomes = as_one_group({putting("before"),
                                [](Transaction& transaction) -> core::Result<void> {
                                  EG_CHECK(put(transaction, "Basic", "lost", "{}"));
                                  return core::make_error(core::ErrorCode::kPreconditionFailed, "not this one");
                                },
                                [](Transaction& transaction) -> core::Result<void> {
                                  EG_CHECK(put(transaction, "Basic", "lost", "{}"));
                                  throw std::runtime_error("a fault");
                                },
                                putting("after")});
  EXPECT_TRUE(outcomes.at(0));
  ASSERT_FALSE(outcomes.at(1));
  EXPECT_EQ(outcomes.at(1).error().code, core::ErrorCode::kPreconditionFailed);
  EXPECT_EQ(outcomes.at(1).error().diagnostics, "not this one");
  ASSERT_FALSE(outcomes.at(2));
  EXPECT_EQ(outcomes.at(2).error().code, core::ErrorCode::kInternal);
  EXPECT_TRUE(outcomes.at(3));
  EXPECT_TRUE(current("Patient", "before"));
  EXPECT_TRUE(current("Patient", "after"));
  EXPECT_FALSE(current("Basic", "lost"));
  EXPECT_NE(write("Basic", "kept", "{}"), 0) << "the type that only failed bodies had used can still be stored";
  must_open();
  EXPECT_TRUE(current("Basic", "kept"));
}

TEST_F(GroupCommit, FailsABodyThatOverlooksAFailedWrite) {
  write("Patient", "p1", "one");
  const auto outcome = commit(*store_, [](Transaction& transaction) -> core::Result<void> {
    EG_CHECK(put(transaction, "Patient", "p2", "{}"));
    NewVersion clash;
    clash.type = "Patient";
    clash.id = "p1";
    clash.version_id = transaction.next_version_id();
    static_cast<void>(transaction.put_version(clash));
    return {};
  });
  EXPECT_FALSE(outcome);
  EXPECT_FALSE(current("Patient", "p2"));
}

TEST_F(GroupCommit, NeverHandsOutAVersionIdTwice) {
  std::set<VersionId> seen;
  for (int i = 0; i < 20; ++i) {
    const bool fails = i % 2 == 0;
    static_cast<void>(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EXPECT_TRUE(seen.insert(transaction.next_version_id()).second);
      EG_TRY(const VersionId version, put(transaction, "Patient", "p" + std::to_string(i), "{}"));
      EXPECT_TRUE(seen.insert(version).second);
      if (fails) return core::make_error(core::ErrorCode::kInvalid, "no");
      return {};
    }));
  }
  EXPECT_EQ(seen.size(), 40u);
}

TEST_F(GroupCommit, RefusesAVersionIdFromElsewhere) {
  for (const VersionId version : {VersionId{1}, VersionId{1'000'000}}) {
    const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_CHECK(put(transaction, "Patient", "p1", "{}"));
      NewVersion stranger;
      stranger.type = "Patient";
      stranger.id = "p2";
      stranger.version_id = version;
      return transaction.put_version(stranger);
    });
    EXPECT_FALSE(outcome) << version;
    write("Patient", "p3", "{}");
  }
  EXPECT_FALSE(current("Patient", "p2"));
}

TEST_F(GroupCommit, AdvancesTheCatalogEpochToNumbersNeverUsedBefore) {
  const auto advance = [&](bool fail) {
    std::int64_t epoch = 0;
    const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      transaction.advance_catalog_epoch();
      epoch = transaction.catalog_epoch();
      if (fail) return core::make_error(core::ErrorCode::kInvalid, "no");
      return {};
    });
    EXPECT_EQ(static_cast<bool>(outcome), !fail);
    if (outcome) {
      EXPECT_TRUE(outcome->catalog_changed);
    }
    return epoch;
  };
  const auto start = store_->committed_catalog_epoch();
  const auto first = advance(false);
  EXPECT_NE(first, start);
  EXPECT_EQ(store_->committed_catalog_epoch(), first);
  const auto undone = advance(true);
  EXPECT_NE(undone, first);
  EXPECT_EQ(store_->committed_catalog_epoch(), first);
  const auto second = advance(false);
  EXPECT_NE(second, undone);
  EXPECT_NE(second, first);
  write("Patient", "p1", "{}");
  EXPECT_EQ(store_->committed_catalog_epoch(), second);
  must_open();
  EXPECT_EQ(store_->committed_catalog_epoch(), second);
  EXPECT_GT(advance(false), second);
}

TEST_F(GroupCommit, TurnsWritersAwayWhenTooManyWait) {
  auto limited = options();
  limited.max_waiting = 3;
  must_open(limited);
  const auto gate = hold_writer();
  std::atomic<int> done{0};
  for (int i = 0; i < 3; ++i) {
    store_->transact(putting("p" + std::to_string(i)),
                     [&](const core::Result<CommitReceipt>& outcome) { done += outcome ? 1 : 0; });
  }
  std::optional<core::Error> refused;
  store_->transact(putting("p9"), [&](core::Result<CommitReceipt> outcome) {
    if (!outcome) refused = outcome.error();
  });
  ASSERT_TRUE(refused) << "answered at once";
  EXPECT_EQ(refused->code, core::ErrorCode::kThrottled);
  EXPECT_TRUE(refused->retriable);
  gate->opened.set_value();
  EXPECT_TRUE(test::eventually([&] { return done == 3; }));
}

TEST_F(GroupCommit, FinishesWhatWaitsWhenStoppedAndRefusesTheRest) {
  const auto gate = hold_writer();
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) {
    store_->transact(putting("p" + std::to_string(i)),
                     [&](const core::Result<CommitReceipt>& outcome) { done += outcome ? 1 : 0; });
  }
  gate->opened.set_value();
  store_->stop();
  EXPECT_EQ(done, 50);
  const auto late = commit(*store_, putting("late"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, core::ErrorCode::kUnavailable);
  EXPECT_FALSE(store_->read([](Reader&) -> core::Result<void> { return {}; }));
  EXPECT_FALSE(store_->ping());
  EXPECT_FALSE(settle(*store_, {}));
}

TEST_F(GroupCommit, KeepsManyWritersAndReadersConsistent) {
  constexpr int kWriters = 8;
  constexpr int kWritesEach = 60;
  write("Basic", "left", "0");
  write("Basic", "right", "0");
  std::atomic<int> failed{0};
  std::atomic<bool> writing{true};
  // Both resources get the same body in each transaction: a reader that sees them differ saw half of one.
  const auto write_both = [&](int writer) {
    for (int i = 0; i < kWritesEach; ++i) {
      const std::string body = std::to_string(writer * 1'000 + i);
      const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
        EG_CHECK(put(transaction, "Basic", "left", body));
        EG_CHECK(put(transaction, "Basic", "right", body));
        return {};
      });
      if (!outcome) ++failed;
    }
  };
  const auto compare = [&] {
    do {
      const auto read = store_->read([&](Reader& reader) -> core::Result<void> {
        EG_TRY(const auto left, reader.load_current("Basic", "left"));
        EG_TRY(const auto right, reader.load_current("Basic", "right"));
        if (!left || !right || left->body != right->body) ++failed;
        return {};
      });
      if (!read) ++failed;
    } while (writing);
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) readers.emplace_back(compare);
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) writers.emplace_back(write_both, i);
  for (auto& thread : writers) thread.join();
  writing = false;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(failed, 0);
  std::size_t versions = 0;
  EXPECT_TRUE(store_->read([&](Reader& reader) -> core::Result<void> {
    EG_TRY(const auto all, reader.history("Basic", "left", 0, 100'000));
    versions = all.size();
    return {};
  }));
  EXPECT_EQ(versions, 1u + kWriters * kWritesEach);
}

TEST_F(GroupCommit, LetsSettlementsRideWithWrites) {
  const DestinationSlot slot = open_slot("d1");
  ASSERT_TRUE(write_event(slot, "p1", "{}"));
  const auto gate = hold_writer();
  const double commits = metric("store_commits_total");
  std::atomic<int> done{0};
  store_->transact(putting("p2"), [&](const core::Result<CommitReceipt>&) { ++done; });
  store_->outbox().settle({slot, {{1, 1}}, {}, 1, 0}, [&](const core::Result<void>&) { ++done; });
  store_->outbox().settle({slot, {}, {}, 0, 2}, [&](const core::Result<void>&) { ++done; });
  gate->opened.set_value();
  EXPECT_TRUE(test::eventually([&] { return done == 3; }));
  EXPECT_EQ(metric("store_commits_total") - commits, 2);
  EXPECT_EQ(counters(slot).delivered, 1u);
  EXPECT_EQ(counters(slot).failed_attempts, 2u);
}

}  // namespace
}  // namespace embergate::store
