// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/target_bindings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "support/fake_target_store.hpp"

namespace embergate::vault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto* kBindingsConfig = R"({"secret":{
  "free":   {"path":"/run/free","scope":["AidboxTopicDestination/d"]},
  "key":    {"path":"/run/key","scope":["AidboxTopicDestination/d"]},
  "pinned": {"path":"/run/pinned","scope":["AidboxTopicDestination/d"],"allow":{"bootstrapServers":["a.example:9093"]}}}})";

NamedTarget cluster(std::vector<std::string> servers) {
  return {std::move(servers), "SASL_SSL", "SCRAM-SHA-512", "https", "secret:ca", ""};
}

class TargetBindingsTest : public ::testing::Test {
 protected:
  static VaultConfig config(TargetMode mode = TargetMode::kFirstUse) {
    ConfigRules rules;
    rules.target_mode = mode;
    return *VaultConfig::parse(kBindingsConfig, rules);
  }
  std::unique_ptr<TargetBindings> process() {
    auto made = std::make_unique<TargetBindings>(config_, std::make_unique<test::FakeTargetStore>(table_));
    EXPECT_TRUE(made->load());
    return made;
  }
  static core::Result<void> claim(TargetBindings& bindings, const NamedTarget& target,
                                  const SecretName& name = free()) {
    return bindings.claim({name}, target, "AidboxTopicDestination/d", {});
  }
  static SecretName free() { return SecretName("free"); }
  static SecretName key() { return SecretName("key"); }

  test::TargetTable table_;
  ConfigInForce config_{std::make_shared<const VaultConfig>(config())};
  const NamedTarget home_ = cluster({"a.example:9093", "b.example:9093"});
};

TEST_F(TargetBindingsTest, S07_EveryWayToAimASecretElsewhereIsAnotherTarget) {
  const TargetBinding binding{free(), home_, {}, "AidboxTopicDestination/d", true, {}};
  EXPECT_TRUE(covers(binding, home_));
  EXPECT_TRUE(covers(binding, cluster({"b.example:9093"})));  // fewer of the same
  const auto changed = [&](auto change) {
    NamedTarget other = home_;
    change(other);
    return !covers(binding, other);
  };
  EXPECT_TRUE(changed([](NamedTarget& t) { t.servers = {"evil.example:9093"}; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.servers.push_back("evil.example:9093"); }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.servers = {}; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.servers = {"a.example:9094"}; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.protocol = "SASL_PLAINTEXT"; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.mechanism = "PLAIN"; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.verification = "none"; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.authorities = "system"; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.authorities = "secret:another"; }));
  EXPECT_TRUE(changed([](NamedTarget& t) { t.url = "https://evil.example:443/"; }));
}

TEST_F(TargetBindingsTest, ATargetIsTheSameAfterItsWayThroughTheDatabase) {
  NamedTarget target = home_;
  target.url = "https://idp.example:443/token/";
  EXPECT_EQ(target_from_json(to_json(target)), target);
  for (const auto* bad : {"", "[]", "{}", "{\"bootstrapServers\":[1]}", "{\"bootstrapServers\":[\"a:1\"]}"})
    EXPECT_FALSE(target_from_json(bad)) << bad;
}

TEST_F(TargetBindingsTest, S13_ASecondTargetIsRefusedWithTheRemediesAndWithoutTheFirstOne) {
  const auto bindings = process();
  EXPECT_FALSE(bindings->objection(free(), home_));
  ASSERT_TRUE(claim(*bindings, home_));
  EXPECT_FALSE(bindings->objection(free(), home_));
  const auto objection = bindings->objection(free(), cluster({"evil.example:9093"}));
  ASSERT_TRUE(objection);
  for (const auto* said : {"target-changed", "\"free\"", "allow", "POST /fhir/$vault-retarget"})
    EXPECT_THAT(*objection, HasSubstr(said));
  for (const auto* kept : {"a.example", "b.example", "ca\"", "evil"}) EXPECT_THAT(*objection, Not(HasSubstr(kept)));
  const auto second = claim(*bindings, cluster({"evil.example:9093"}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, core::Fault::kSecretTargetChanged);
  EXPECT_EQ(second.error().code, core::ErrorCode::kForbidden);
}

TEST_F(TargetBindingsTest, ATargetThatWasNeverProvenProtectsAsWell) {
  ASSERT_TRUE(claim(*process(), home_));
  EXPECT_FALSE(table_.rows.at(free()).proven);
  EXPECT_FALSE(claim(*process(), cluster({"evil.example:9093"})));  // after a restart, too
  EXPECT_EQ(table_.rows.at(free()).target, home_);
}

TEST_F(TargetBindingsTest, OfTwoFirstUsesInOneMomentOneWins) {
  for (int round = 0; round < 50; ++round) {
    table_.rows.clear();
    const auto one_process = process();
    const auto other_process = process();
    std::latch both(4);
    std::atomic<int> won{0};
    const auto use = [&](TargetBindings& bindings, const char* server) {
      both.arrive_and_wait();
      if (claim(bindings, cluster({server}))) ++won;
    };
    std::thread a([&] { use(*one_process, "a.example:1"); });
    std::thread b([&] { use(*one_process, "b.example:1"); });
    std::thread c([&] { use(*other_process, "c.example:1"); });
    std::thread d([&] { use(*other_process, "d.example:1"); });
    for (auto* thread : {&a, &b, &c, &d}) thread->join();
    ASSERT_EQ(won, 1);
  }
}

TEST_F(TargetBindingsTest, SecretsThatGoTogetherAreBoundTogetherOrNotAtAll) {
  const auto bindings = process();
  ASSERT_TRUE(claim(*bindings, home_, key()));
  EXPECT_FALSE(bindings->claim({free(), key()}, cluster({"evil.example:9093"}), "AidboxTopicDestination/d", {}));
  EXPECT_FALSE(bindings->find(free()));
  ASSERT_TRUE(bindings->claim({free(), key()}, home_, "AidboxTopicDestination/d", {}));
  EXPECT_TRUE(bindings->find(free()));
}

TEST_F(TargetBindingsTest, NothingMayLeaveWhenTheDatabaseCannotKeepTheTarget) {
  const auto bindings = process();
  table_.broken = true;
  EXPECT_FALSE(claim(*bindings, home_));
  EXPECT_TRUE(bindings->objection_to_broker(free(), home_, "a.example:9093"));
}

TEST_F(TargetBindingsTest, OnlyUnpinnedSecretsUnderFirstUseAreBound) {
  const auto bindings = process();
  ASSERT_TRUE(claim(*bindings, home_, SecretName("pinned")));
  EXPECT_TRUE(table_.rows.empty());
  EXPECT_FALSE(bindings->objection(SecretName("pinned"), cluster({"z.example:1"})));
  for (const auto mode : {TargetMode::kOff, TargetMode::kWarn, TargetMode::kStrict}) {
    config_.store(std::make_shared<const VaultConfig>(config(mode)));
    ASSERT_TRUE(claim(*process(), home_));
    EXPECT_TRUE(table_.rows.empty());
  }
}

TEST_F(TargetBindingsTest, APinThatComesLaterIsTheOnlyRule) {
  ASSERT_TRUE(claim(*process(), home_, key()));
  ConfigRules rules;
  config_.store(std::make_shared<const VaultConfig>(*VaultConfig::parse(
      R"({"secret":{"key":{"path":"/run/key","scope":["AidboxTopicDestination/d"],
                           "allow":{"bootstrapServers":["new.example:9093"]}}}})",
      rules)));
  EXPECT_FALSE(process()->objection(key(), cluster({"new.example:9093"})));
}

TEST_F(TargetBindingsTest, S02_AVerifiedClusterMayNameBrokersThatNoDestinationNames) {
  const auto bindings = process();
  ASSERT_TRUE(claim(*bindings, home_));
  EXPECT_FALSE(bindings->objection_to_broker(free(), home_, "a.example:9093"));
  EXPECT_FALSE(bindings->objection_to_broker(free(), home_, "new.example:9093"));
  EXPECT_TRUE(bindings->objection_to_broker(free(), cluster({"evil.example:9093"}), "a.example:9093"));
}

TEST_F(TargetBindingsTest, S02_AnUnverifiedClusterMayNameThoseOfTheFirstLoginOnly) {
  for (const char* verification : {"none", ""}) {
    table_.rows.clear();
    NamedTarget target = home_;
    target.verification = verification;
    const auto bindings = process();
    ASSERT_TRUE(claim(*bindings, target));
    EXPECT_TRUE(bindings->objection_to_broker(free(), target, "c.example:9093"));
    ASSERT_TRUE(bindings->prove({free()}, target, {"A.example.:9093", "c.example:9093"}));
    EXPECT_FALSE(bindings->objection_to_broker(free(), target, "c.example:9093"));
    EXPECT_TRUE(bindings->objection_to_broker(free(), target, "d.example:9093"));
    EXPECT_FALSE(process()->objection_to_broker(free(), target, "c.example:9093"));
    EXPECT_TRUE(process()->objection_to_broker(free(), target, "d.example:9093"));
  }
}

TEST_F(TargetBindingsTest, AnAdministratorMovesASecretAndTheOldTargetIsRefused) {
  const auto bindings = process();
  ASSERT_TRUE(claim(*bindings, home_));
  ASSERT_TRUE(bindings->prove({free()}, home_, {}));
  const NamedTarget away = cluster({"new.example:9093"});
  const auto before = bindings->retarget({free(), away, {}, "AidboxTopicDestination/d", false, {}});
  ASSERT_TRUE(before);
  EXPECT_EQ((*before)->target, home_);
  EXPECT_TRUE((*before)->proven);
  EXPECT_FALSE(bindings->objection(free(), away));
  EXPECT_TRUE(bindings->objection(free(), home_));
  EXPECT_FALSE(bindings->find(free())->proven);
  EXPECT_FALSE(bindings->prove({free()}, home_, {}));  // a login that was under way
  EXPECT_EQ(table_.rows.at(free()).target, away);
}

TEST_F(TargetBindingsTest, ALongerListOfServersKeepsWhatWasProven) {
  const auto bindings = process();
  NamedTarget target = cluster({"a.example:9093"});
  target.verification = "none";
  ASSERT_TRUE(claim(*bindings, target));
  ASSERT_TRUE(bindings->prove({free()}, target, {"b.example:9093"}));
  NamedTarget longer = target;
  longer.servers.emplace_back("c.example:9093");
  ASSERT_TRUE(bindings->retarget({free(), longer, {}, "AidboxTopicDestination/d", false, {}}));
  EXPECT_TRUE(bindings->find(free())->proven);
  for (const auto* broker : {"a.example:9093", "b.example:9093", "c.example:9093"})
    EXPECT_FALSE(bindings->objection_to_broker(free(), target, broker)) << broker;
}

}  // namespace
}  // namespace embergate::vault
