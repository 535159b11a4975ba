// SPDX-License-Identifier: Apache-2.0
// The targets of secrets in the real database (S-07, decision 44).
#include "app/stored_bindings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "embergate/store/sqlite_store.hpp"
#include "support/temp_dir.hpp"

namespace embergate::app {
namespace {

using vault::NamedTarget;
using vault::SecretName;
using vault::TargetBinding;

NamedTarget cluster(const std::string& server) { return {{server}, "SASL_SSL", "PLAIN", "https", "system", ""}; }

class StoredBindings : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    store::SqliteOptions options;
    options.path = dir_.file("gateway.db");
    auto opened = store::open_sqlite_store(options, core::system_clock(), metrics_);
    ASSERT_TRUE(opened) << opened.error().diagnostics;
    store_ = *std::move(opened);
  }
  std::unique_ptr<vault::TargetBindings> process() {
    auto made = std::make_unique<vault::TargetBindings>(config_, make_stored_bindings(*store_));
    EXPECT_TRUE(made->load());
    return made;
  }
  static core::Result<void> claim(vault::TargetBindings& bindings, const std::string& server) {
    return bindings.claim({SecretName("s")}, cluster(server), "AidboxTopicDestination/d", core::SystemTime());
  }

  test::TempDir dir_;
  observability::Metrics metrics_;
  vault::ConfigInForce config_{std::make_shared<const vault::VaultConfig>(
      *vault::VaultConfig::parse(R"({"secret":{"s":{"path":"/run/s","scope":["AidboxTopicDestination/d"]}}})"))};
  std::unique_ptr<store::Store> store_;
};

TEST_F(StoredBindings, OfManyFirstUsesOneWinsAndSurvivesARestart) {
  constexpr int kUsers = 8;
  std::vector<std::unique_ptr<vault::TargetBindings>> processes;
  for (int i = 0; i < kUsers; ++i) processes.push_back(process());
  std::latch all(kUsers);
  std::atomic<int> winner{-1};
  std::atomic<int> won{0};
  std::vector<std::thread> users;
  for (int i = 0; i < kUsers; ++i) {
    users.emplace_back([&, i] {
      all.arrive_and_wait();
      if (!claim(*processes[static_cast<std::size_t>(i)], "host" + std::to_string(i) + ":1")) return;
      ++won;
      winner = i;
    });
  }
  for (std::thread& user : users) user.join();
  ASSERT_EQ(won, 1);
  processes.clear();
  open();
  const auto again = process();
  EXPECT_EQ(again->find(SecretName("s"))->target, cluster("host" + std::to_string(winner) + ":1"));
  EXPECT_FALSE(claim(*again, "late:1"));
}

TEST_F(StoredBindings, WhatWasProvenAndMovedIsKept) {
  auto bindings = process();
  ASSERT_TRUE(claim(*bindings, "a:1"));
  ASSERT_TRUE(bindings->prove({SecretName("s")}, cluster("a:1"), {"b:1"}));
  EXPECT_TRUE(process()->find(SecretName("s"))->proven);
  EXPECT_THAT(process()->find(SecretName("s"))->brokers, ::testing::ElementsAre("b:1"));
  const auto before =
      bindings->retarget({SecretName("s"), cluster("c:1"), {}, "AidboxTopicDestination/d", false, core::SystemTime()});
  ASSERT_TRUE(before);
  EXPECT_EQ((*before)->target, cluster("a:1"));
  // Another process that knows the old row learns of the new one when it looks.
  EXPECT_EQ(process()->find(SecretName("s"))->target, cluster("c:1"));
}

TEST_F(StoredBindings, ARowThatCannotBeReadKeepsItsSecretBackUntilAnAdministratorMendsIt) {
  std::promise<bool> written;
  store_->transact(
      [](store::Transaction& tx) {
        return tx.replace_target({"s", "not json", "[]", "AidboxTopicDestination/d", true, core::SystemTime()});
      },
      [&](core::Result<store::CommitReceipt> receipt) { written.set_value(receipt.has_value()); });
  ASSERT_TRUE(written.get_future().get());
  const auto bindings = process();
  const auto refused = claim(*bindings, "a:1");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().diagnostics, ::testing::HasSubstr("$vault-retarget"));
  ASSERT_TRUE(
      bindings->retarget({SecretName("s"), cluster("a:1"), {}, "AidboxTopicDestination/d", false, core::SystemTime()}));
  EXPECT_TRUE(claim(*bindings, "a:1"));
}

}  // namespace
}  // namespace embergate::app
