// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <thread>

#include "integration/store/store_fixture.hpp"

namespace embergate::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Resources : public StoreTest {
 protected:
  void SetUp() override { must_open(); }

  std::vector<StoredVersion> history(std::string_view type, std::string_view id, VersionId before, std::size_t limit) {
    std::vector<StoredVersion> versions;
    const auto read = store_->read([&](Reader& reader) -> core::Result<void> {
      EG_TRY(versions, reader.history(type, id, before, limit));
      return {};
    });
    EXPECT_TRUE(read) << read.error().diagnostics;
    return versions;
  }
  std::vector<VersionId> version_ids(std::string_view type, std::string_view id, VersionId before, std::size_t limit) {
    std::vector<VersionId> ids;
    for (const auto& version : history(type, id, before, limit)) ids.push_back(version.version_id);
    return ids;
  }
};

TEST_F(Resources, GiveBackWhatWasWritten) {
  const VersionId version = write("Patient", "p1", R"({"resourceType":"Patient","multipleBirthInteger":1.50})");
  const auto stored = current("Patient", "p1");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->version_id, version);
  EXPECT_EQ(stored->previous_version_id, 0);
  EXPECT_EQ(stored->interaction, Interaction::kCreate);
  EXPECT_EQ(stored->last_updated, clock_.system_now());
  EXPECT_EQ(stored->created_at, clock_.system_now());
  EXPECT_EQ(stored->body, R"({"resourceType":"Patient","multipleBirthInteger":1.50})");
  EXPECT_FALSE(current("Patient", "p2"));
  EXPECT_FALSE(current("Observation", "p1"));
}

TEST_F(Resources, KeepEveryVersionInAChain) {
  const VersionId first = write("Patient", "p1", "one");
  write("Patient", "other", "x");
  const VersionId second = write("Patient", "p1", "two");
  const VersionId deletion = write("Patient", "p1", "two", {}, Interaction::kDelete);
  const VersionId again = write("Patient", "p1", "three");
  EXPECT_THAT(version_ids("Patient", "p1", 0, 10), ElementsAre(again, deletion, second, first));
  EXPECT_THAT(version_ids("Patient", "p1", 0, 2), ElementsAre(again, deletion));
  EXPECT_THAT(version_ids("Patient", "p1", deletion, 10), ElementsAre(second, first));
  EXPECT_THAT(version_ids("Patient", "p1", second + 1, 10), ElementsAre(second, first));
  EXPECT_THAT(version_ids("Patient", "p1", first, 10), IsEmpty());
  EXPECT_THAT(version_ids("Patient", "nobody", 0, 10), IsEmpty());
  EXPECT_EQ(history("Patient", "p1", 0, 10).at(1).interaction, Interaction::kDelete);
}

TEST_F(Resources, ShowAVersionOnlyUnderItsOwnTypeAndId) {
  const VersionId version = write("Patient", "p1", "one");
  write("Observation", "p1", "x");
  const auto read = store_->read([&](Reader& reader) -> core::Result<void> {
    EG_TRY(const auto own, reader.load_version("Patient", "p1", version));
    EG_TRY(const auto other_id, reader.load_version("Patient", "p2", version));
    EG_TRY(const auto other_type, reader.load_version("Observation", "p1", version));
    EXPECT_TRUE(own);
    EXPECT_FALSE(other_id);
    EXPECT_FALSE(other_type);
    return {};
  });
  EXPECT_TRUE(read);
}

TEST_F(Resources, AreGoneAfterADeletionButTheirVersionsStay) {
  write("Patient", "p1", "one");
  write("Patient", "p2", "two");
  write("Patient", "p1", "one", {}, Interaction::kDelete);
  const auto read = store_->read([&](Reader& reader) -> core::Result<void> {
    EG_TRY(const bool first, reader.exists("Patient", "p1"));
    EG_TRY(const bool second, reader.exists("Patient", "p2"));
    EG_TRY(const bool third, reader.exists("Patient", "p3"));
    EXPECT_FALSE(first);
    EXPECT_TRUE(second);
    EXPECT_FALSE(third);
    EG_TRY(const auto listed, reader.list_current("Patient", 10));
    EXPECT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed.at(0).id, "p2");
    EXPECT_EQ(listed.at(0).body, "two");
    return {};
  });
  EXPECT_TRUE(read);
  const auto deleted = current("Patient", "p1");
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->interaction, Interaction::kDelete);
}

TEST_F(Resources, AreFoundByIdentifierAsItStandsNow) {
  write("Patient", "p1", "{}", {{"urn:a", "1"}, {"urn:b", "2"}, {"urn:a", "1"}});
  write("Patient", "p2", "{}", {{"urn:a", "1"}, {"", "9"}});
  EXPECT_THAT(find("Patient", "urn:a", "1"), UnorderedElementsAre("p1", "p2"));
  EXPECT_THAT(find("Patient", "", "9"), ElementsAre("p2"));
  EXPECT_THAT(find("Observation", "urn:a", "1"), IsEmpty());

  write("Patient", "p1", "{}", {{"urn:b", "2"}, {"urn:c", "3"}});
  EXPECT_THAT(find("Patient", "urn:a", "1"), ElementsAre("p2"));
  EXPECT_THAT(find("Patient", "urn:b", "2"), ElementsAre("p1"));
  EXPECT_THAT(find("Patient", "urn:c", "3"), ElementsAre("p1"));

  write("Patient", "p1", "{}", {}, Interaction::kDelete);
  EXPECT_THAT(find("Patient", "urn:c", "3"), IsEmpty());
  write("Patient", "p1", "{}", {{"urn:c", "3"}});
  EXPECT_THAT(find("Patient", "urn:c", "3"), ElementsAre("p1"));
}

TEST_F(Resources, AreFoundByIdentifierWithoutSystemOnce) {
  write("Patient", "p1", "{}", {{"urn:a", "1"}, {"urn:b", "1"}});
  EXPECT_THAT(find("Patient", std::nullopt, "1"), ElementsAre("p1"));
  EXPECT_THAT(find("Patient", std::nullopt, "2"), IsEmpty());
}

TEST_F(Resources, SeeTheTransactionsOwnWrites) {
  const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
    EG_TRY(const VersionId version, put(transaction, "Patient", "p1", "{}", Interaction::kCreate, {{"urn:a", "1"}}));
    EG_TRY(const auto ids, transaction.find_by_identifier("Patient", "urn:a", "1", 2));
    EG_TRY(const auto loaded, transaction.load_current("Patient", "p1"));
    EXPECT_THAT(ids, ElementsAre("p1"));
    EXPECT_TRUE(loaded && loaded->version_id == version);
    EXPECT_FALSE(current("Patient", "p1"));  // nobody else does
    return {};
  });
  EXPECT_TRUE(outcome);
  EXPECT_TRUE(current("Patient", "p1"));
}

TEST_F(Resources, RefuseAWriteThatDoesNotFollowTheNewestVersion) {
  const VersionId first = write("Patient", "p1", "one");
  write("Patient", "p1", "two");
  for (const VersionId previous : {VersionId{0}, first}) {
    const auto outcome = commit(*store_, [&](Transaction& transaction) {
      NewVersion version;
      version.type = "Patient";
      version.id = "p1";
      version.version_id = transaction.next_version_id();
      version.previous_version_id = previous;
      version.body = "lost";
      return transaction.put_version(version);
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, core::ErrorCode::kConflict);
  }
  EXPECT_EQ(current("Patient", "p1")->body, "two");
}

TEST_F(Resources, AreStampedWithATimeThatNeverGoesBack) {
  write("Patient", "p1", "one");
  const auto first = current("Patient", "p1")->last_updated;
  clock_.step_system(-std::chrono::seconds(10));
  write("Patient", "p1", "two");
  EXPECT_EQ(current("Patient", "p1")->last_updated, first);
  must_open();
  write("Patient", "p1", "three");
  EXPECT_EQ(current("Patient", "p1")->last_updated, first);
  clock_.step_system(std::chrono::seconds(20));
  write("Patient", "p1", "four");
  EXPECT_EQ(current("Patient", "p1")->last_updated, clock_.system_now());
}

TEST_F(Resources, SurviveAReopening) {
  const VersionId version = write("Patient", "p1", "one", {{"urn:a", "1"}});
  must_open();
  EXPECT_EQ(current("Patient", "p1")->version_id, version);
  EXPECT_THAT(find("Patient", "urn:a", "1"), ElementsAre("p1"));
  EXPECT_GT(write("Observation", "o1", "x"), version);
}

TEST_F(StoreTest, AReadThatTakesTooLongFailsAloneAndMayComeAgain) {
  auto quick = options();
  quick.read_connections = 2;
  quick.read_deadline = core::Milliseconds(100);
  must_open(quick);
  ASSERT_NE(write("Patient", "p1", "{}"), 0);
  core::Result<void> endless;
  std::thread reader([&] {
    endless = store_->read([](Reader& all) -> core::Result<void> {
      for (;;) EG_CHECK(all.exists("Patient", "p1"));
    });
  });
  const auto other = store_->read([](Reader& one) -> core::Result<void> {
    EG_TRY(const bool there, one.exists("Patient", "p1"));
    EXPECT_TRUE(there);
    return {};
  });
  EXPECT_TRUE(other) << other.error().diagnostics;
  reader.join();
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, core::ErrorCode::kUnavailable);
  EXPECT_TRUE(endless.error().retriable);
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(store_->read([](Reader&) { return core::Result<void>(); })) << "it is free again";
}

class TargetRows : public StoreTest {
 protected:
  void SetUp() override { must_open(); }
  static TargetBinding row(std::string target, bool proven = false) {
    return {
        "jaas", std::move(target), "[]", "AidboxTopicDestination/d", proven, core::SystemTime(std::chrono::seconds(7))};
  }
  std::string bind(const TargetBinding& wanted) {
    std::string standing;
    const auto done = commit(*store_, [&](Transaction& tx) -> core::Result<void> {
      EG_TRY(const auto stands, tx.bind_target(wanted));
      standing = stands.target;
      return {};
    });
    EXPECT_TRUE(done);
    return standing;
  }
  std::vector<TargetBinding> all() {
    std::vector<TargetBinding> rows;
    EXPECT_TRUE(store_->read([&](Reader& reader) -> core::Result<void> {
      EG_TRY(rows, reader.target_bindings());
      return {};
    }));
    return rows;
  }
};

TEST_F(TargetRows, TheFirstOfTwoStandsAndSurvivesARestart) {
  EXPECT_EQ(bind(row("first")), "first");
  EXPECT_EQ(bind(row("second")), "first");
  must_open();
  const auto rows = all();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].secret, "jaas");
  EXPECT_EQ(rows[0].target, "first");
  EXPECT_EQ(rows[0].resource, "AidboxTopicDestination/d");
  EXPECT_FALSE(rows[0].proven);
  EXPECT_EQ(rows[0].since, core::SystemTime(std::chrono::seconds(7)));
  EXPECT_EQ(bind(row("second")), "first");
}

TEST_F(TargetRows, AreReplacedOnlyByName) {
  bind(row("first"));
  ASSERT_TRUE(commit(*store_, [&](Transaction& tx) { return tx.replace_target(row("second", true)); }));
  const auto rows = all();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].target, "second");
  EXPECT_TRUE(rows[0].proven);
}

TEST_F(TargetRows, GoWithTheTransactionThatFails) {
  const auto failed = commit(*store_, [&](Transaction& tx) -> core::Result<void> {
    EG_CHECK(tx.bind_target(row("first")));
    return core::make_error(core::ErrorCode::kInvalid, "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_THAT(all(), IsEmpty());
}

}  // namespace
}  // namespace embergate::store
