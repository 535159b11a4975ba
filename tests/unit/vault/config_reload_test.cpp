// SPDX-License-Identifier: Apache-2.0
// The vault config while the program runs: whole and checked, or not at all (R-49).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "embergate/observability/log.hpp"
#include "embergate/vault/bundle.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/target_bindings.hpp"
#include "embergate/vault/target_policy.hpp"
#include "support/atomic_volume.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_target_store.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigReload : public ::testing::Test {
 protected:
  ConfigReload() {
    observability::log::capture([this](std::string_view line) { log_.append(line).append("\n"); });
    dir_.write("a", "VALUE-A");
    dir_.write("b", "VALUE-B");
    dir_.write("other", "VALUE-OTHER");
    write(config_of(entry("a", "Client/a")));
    options_.start_poll_thread = false;
    options_.grace = 5s;
    options_.read_timeout = 10s;
    options_.config_path = path();
    options_.config_reader = [this](const std::string& text) {
      ++reads_;
      return VaultConfig::parse_file(path(), text, {});
    };
    cache_.emplace(*VaultConfig::load(path()), options_, clock_, metrics_);
  }
  ~ConfigReload() override {
    cache_.reset();
    observability::log::capture(nullptr);
  }

  [[nodiscard]] std::string path() const { return dir_.file("vault.json"); }
  [[nodiscard]] std::string entry(const std::string& name, const std::string& scope, const std::string& file = "",
                                  const std::string& more = "") const {
    return "\"" + name + R"(":{"path":")" + dir_.file(file.empty() ? name : file) + R"(","scope":[")" + scope + "\"]" +
           more + "}";
  }
  static std::string config_of(const std::string& entries) { return R"({"secret":{)" + entries + "}}"; }
  void write(const std::string& text) { test::replace_by_rename(path(), text); }
  // The file is seen, and seen again after the quiet time; then what was told has been heard.
  void pass() {
    for (int round = 0; round < 3; ++round) {
      cache_->poll_once();
      clock_.advance(100ms);
    }
    cache_->poll_once();
  }
  void change(const std::string& text) {
    write(text);
    pass();
  }
  static SecretName name(std::string_view text) { return *make_secret_name(text); }
  // After a look, a quiet time and a second look, as a caller that waits has them.
  std::string value(std::string_view secret, const std::string& client, Use use = Use::kInbound) {
    const Requester requester{"Client", client, "secret"};
    (void)cache_->resolve(name(secret), requester, ContentKind::kSingleLine, use);
    clock_.advance(100ms);
    const auto found = cache_->resolve(name(secret), requester, ContentKind::kSingleLine, use);
    if (!found) return "(" + found.error().diagnostics + ")";
    return found->secret->with_plaintext([](std::string_view text) { return std::string(text); }) + " " +
           std::to_string(found->generation);
  }
  [[nodiscard]] int times_logged(std::string_view part) const {
    int times = 0;
    for (auto at = log_.find(part); at != std::string::npos; at = log_.find(part, at + 1)) ++times;
    return times;
  }
  double failed() { return metrics_.gauge("vault_config_reload_failed", "")->value(); }

  std::string log_;
  test::TempDir dir_;
  test::FakeClock clock_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  std::optional<SecretCache> cache_;
  int reads_ = 0;
};

TEST_F(ConfigReload, ANameThatIsAddedCanBeUsedAtOnceAndNothingElseChanges) {
  ASSERT_EQ(value("a", "a"), "VALUE-A 1");
  EXPECT_THAT(value("b", "a"), HasSubstr("not in the vault config"));
  change(config_of(entry("a", "Client/a") + "," + entry("b", "Client/a")));
  EXPECT_EQ(value("b", "a"), "VALUE-B 1");
  EXPECT_EQ(value("a", "a"), "VALUE-A 1");
  EXPECT_EQ(times_logged("vault/loaded"), 2);
  EXPECT_THAT(log_, HasSubstr(R"("added":"b","changed":"","removed":"")"));
  EXPECT_EQ(failed(), 0);
}

TEST_F(ConfigReload, AWatchOfANameThatIsNotThereYetSpeaksWhenItComes) {
  std::vector<std::uint64_t> told;
  const auto watch =
      cache_->watch(name("b"), ContentKind::kSingleLine, [&](std::uint64_t generation) { told.push_back(generation); });
  pass();
  EXPECT_TRUE(told.empty());
  change(config_of(entry("a", "Client/a") + "," + entry("b", "Client/a")));
  pass();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 1U);
}

TEST_F(ConfigReload, ABundleOfANameThatIsNotThereYetComesUpWithIt) {
  const auto bundle =
      cache_->bundle({{name("a"), ContentKind::kSingleLine, {}, {}}, {name("b"), ContentKind::kSingleLine, {}, {}}});
  std::vector<std::uint64_t> told;
  const auto watch = bundle->watch([&](std::uint64_t generation) { told.push_back(generation); });
  const Requester requester{"Client", "a", "secret"};
  EXPECT_EQ(bundle->resolve(requester, Use::kOutboundRunning).error().code, core::ErrorCode::kNotFound);
  pass();
  EXPECT_EQ(bundle->report().state, State::kMissing);
  EXPECT_EQ(bundle->report().reason, "unknown-name");
  change(config_of(entry("a", "Client/a") + "," + entry("b", "Client/a")));
  pass();
  ASSERT_TRUE(bundle->resolve(requester, Use::kOutboundRunning));
  EXPECT_EQ(bundle->report().state, State::kOk);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 1U);
}

TEST_F(ConfigReload, ANameThatIsRemovedIsRefusedAndForgottenAndComesBackAsANewGeneration) {
  const auto bundle = cache_->bundle({{name("a"), ContentKind::kSingleLine, {}, {}}});
  const auto watch = bundle->watch([](std::uint64_t) {});
  const Requester requester{"Client", "a", "secret"};
  pass();
  ASSERT_TRUE(bundle->resolve(requester, Use::kOutboundRunning));
  std::weak_ptr<const Secret> held = (*bundle->resolve(requester, Use::kOutboundRunning))->members.front();
  change(config_of(entry("b", "Client/a")));
  EXPECT_EQ(bundle->resolve(requester, Use::kOutboundRunning).error().code, core::ErrorCode::kNotFound);
  EXPECT_THAT(value("a", "a", Use::kOutboundRunning), HasSubstr("not in the vault config"));
  EXPECT_EQ(cache_->report(name("a")).reason, "unknown-name");
  EXPECT_EQ(cache_->previous(name("a")), nullptr);
  EXPECT_TRUE(held.expired()) << "the value of a removed name stays in memory";
  EXPECT_THAT(log_, HasSubstr(R"("added":"b","changed":"","removed":"a")"));
  change(config_of(entry("a", "Client/a")));
  pass();
  const auto back = bundle->resolve(requester, Use::kOutboundRunning);
  ASSERT_TRUE(back) << back.error().diagnostics;
  EXPECT_EQ((*back)->generation, 2U);
}

TEST_F(ConfigReload, TheRedactorBlanksARemovedValueWhileSomeoneStillHasIt) {
  const Requester requester{"Client", "a", "secret"};
  ASSERT_EQ(value("a", "a"), "VALUE-A 1");
  auto held = cache_->resolve(name("a"), requester, ContentKind::kSingleLine, Use::kInbound);
  ASSERT_TRUE(held);
  change(config_of(entry("b", "Client/a")));
  std::string line = "say VALUE-A";
  cache_->redact(line);
  EXPECT_EQ(line, "say [secret]");
  held->secret.reset();
  line = "say VALUE-A";
  cache_->redact(line);
  EXPECT_EQ(line, "say VALUE-A") << "the value is still somewhere";
}

TEST_F(ConfigReload, AScopeCountsAtOnceInBothDirectionsAndTheValueStays) {
  ASSERT_EQ(value("a", "a"), "VALUE-A 1");
  change(config_of(entry("a", "Client/other")));
  EXPECT_THAT(value("a", "a"), HasSubstr("not available to Client/a"));
  EXPECT_EQ(cache_->report(name("a"), {"Client", "a", "secret"}).state, State::kScopeDenied);
  EXPECT_EQ(value("a", "other"), "VALUE-A 1");
  std::filesystem::remove(dir_.file("a"));
  change(config_of(entry("a", "Client")));
  EXPECT_EQ(value("a", "a", Use::kOutboundRunning), "VALUE-A 1") << "what was good last is kept";
}

TEST_F(ConfigReload, ADenialIsLoggedAgainWhenTheScopeWasChangedInBetween) {
  EXPECT_THAT(value("a", "b"), HasSubstr("not available"));
  change(config_of(entry("a", "Client/b")));
  ASSERT_EQ(value("a", "b"), "VALUE-A 1");
  change(config_of(entry("a", "Client/a")));
  EXPECT_THAT(value("a", "b"), HasSubstr("not available"));
  EXPECT_EQ(times_logged("secret/denied"), 2);
}

TEST_F(ConfigReload, AnotherPathIsARotationThatKeepsTheOldValueUntilTheNewOneIsGood) {
  const auto bundle = cache_->bundle({{name("a"), ContentKind::kSingleLine, {}, {}}});
  const auto watch = bundle->watch([](std::uint64_t) {});
  const Requester requester{"Client", "a", "secret"};
  pass();
  const auto text = [&] {
    const auto found = bundle->resolve(requester, Use::kOutboundRunning);
    if (!found) return found.error().diagnostics;
    return (*found)->members.front()->with_plaintext([](std::string_view value) { return std::string(value); }) + " " +
           std::to_string((*found)->generation);
  };
  ASSERT_EQ(text(), "VALUE-A 1");
  change(config_of(entry("a", "Client/a", "not-there-yet")));
  EXPECT_EQ(text(), "VALUE-A 1");
  EXPECT_EQ(cache_->report(name("a")).state, State::kStale);
  change(config_of(entry("a", "Client/a", "other")));
  pass();
  EXPECT_EQ(text(), "VALUE-OTHER 2");
  EXPECT_EQ(cache_->report(name("a")).state, State::kOk);
}

TEST_F(ConfigReload, AnotherPlaceInTheSameFileIsReadThoughTheFileDidNotChange) {
  dir_.write("json", R"({"old":"VALUE-OLD","new":"VALUE-NEW"})");
  change(config_of(entry("j", "Client/a", "json", R"(,"json_pointer":"/old")")));
  ASSERT_EQ(value("j", "a"), "VALUE-OLD 1");
  change(config_of(entry("j", "Client/a", "json", R"(,"json_pointer":"/new")")));
  EXPECT_EQ(value("j", "a"), "VALUE-NEW 2");
}

TEST_F(ConfigReload, PinsCountAtOnceInBothDirections) {
  test::TargetTable table;
  const TargetBindings bindings(cache_->config_in_force(), std::make_unique<test::FakeTargetStore>(table));
  const auto refused = [&](const std::string& server) {
    Target target;
    target.address = server;
    return TargetPolicy(*cache_->config()).rule(name("a"), target).refused();
  };
  EXPECT_FALSE(refused("one.example:9093"));
  EXPECT_TRUE(bindings.applies(name("a")));
  change(config_of(entry("a", "Client/a", "", R"(,"allow":{"bootstrapServers":["two.example:9093"]})")));
  EXPECT_TRUE(refused("one.example:9093"));
  EXPECT_FALSE(refused("two.example:9093"));
  EXPECT_FALSE(bindings.applies(name("a")));
  change(config_of(entry("a", "Client/a")));
  EXPECT_FALSE(refused("one.example:9093"));
  EXPECT_TRUE(bindings.applies(name("a")));
}

TEST_F(ConfigReload, BrokenContentKeepsEverythingAndIsSaidOnce) {
  ASSERT_EQ(value("a", "a"), "VALUE-A 1");
  int changes = 0;
  const auto watch = cache_->watch_config([&] { ++changes; });
  change("{\"secret\":{\n  \"a\": oops}}");
  pass();
  pass();
  EXPECT_EQ(value("a", "a"), "VALUE-A 1");
  EXPECT_EQ(times_logged("vault/reload-refused"), 1);
  EXPECT_THAT(log_, HasSubstr("vault config " + path() + ": is not valid JSON at line 2, column 8"));
  EXPECT_THAT(log_, HasSubstr("stays in force"));
  EXPECT_THAT(log_, Not(HasSubstr("oops")));
  EXPECT_EQ(failed(), 1);
  EXPECT_THAT(cache_->config_report().fault, HasSubstr("line 2, column 8"));
  EXPECT_EQ(changes, 0);
  change(config_of(entry("b", "Client/a") + R"(,"c":{"path":"relative","scope":["Client/a"]})"));
  EXPECT_EQ(times_logged("vault/reload-refused"), 2);
  EXPECT_THAT(log_, HasSubstr("/secret/c/path: must be an absolute path"));
  EXPECT_THAT(value("b", "a"), HasSubstr("not in the vault config")) << "half of a config was taken over";
  change(config_of(entry("a", "Client/a")));
  EXPECT_EQ(times_logged("vault/loaded"), 2);
  EXPECT_EQ(failed(), 0);
  EXPECT_TRUE(cache_->config_report().fault.empty());
  EXPECT_EQ(value("a", "a"), "VALUE-A 1");
  EXPECT_EQ(changes, 0) << "it is the config that was in force all the time";
  change(config_of(entry("b", "Client/a")));
  EXPECT_EQ(changes, 1);
}

TEST_F(ConfigReload, AConfigThatIsGoneIsAFaultUntilItIsBack) {
  const std::string text = test::read_file(path());
  pass();
  std::filesystem::remove(path());
  pass();
  EXPECT_EQ(value("a", "a"), "VALUE-A 1");
  EXPECT_EQ(times_logged("vault/reload-refused"), 1);
  EXPECT_THAT(log_, HasSubstr("the file does not exist"));
  EXPECT_EQ(failed(), 1);
  change(text);
  EXPECT_EQ(failed(), 0);
  EXPECT_EQ(times_logged("vault/loaded"), 2);
}

TEST_F(ConfigReload, AConfigThatEverybodyMayWriteIsAFaultUntilTheRightIsTakenAway) {  // R-46
  namespace fs = std::filesystem;
  write(config_of(entry("b", "Client/a")));
  fs::permissions(path(), fs::perms::others_write, fs::perm_options::add);
  pass();
  EXPECT_THAT(value("b", "a"), HasSubstr("not in the vault config"));
  EXPECT_EQ(times_logged("vault/reload-refused"), 1);
  EXPECT_THAT(log_, HasSubstr("every user may write its file or directory"));
  EXPECT_EQ(failed(), 1);
  fs::permissions(path(), fs::perms::others_write, fs::perm_options::remove);
  pass();
  EXPECT_EQ(value("b", "a"), "VALUE-B 1");
  EXPECT_EQ(failed(), 0);
}

TEST_F(ConfigReload, AConfigThatEverybodyMayWriteIsAcceptedWhereTheOperatorSaysSo) {
  options_.allow_world_writable = true;
  cache_.emplace(*VaultConfig::load(path()), options_, clock_, metrics_);
  write(config_of(entry("b", "Client/a")));
  std::filesystem::permissions(path(), std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  pass();
  EXPECT_EQ(value("b", "a"), "VALUE-B 1");
}

TEST_F(ConfigReload, AHalfWrittenConfigIsNotReadWithinTheQuietTime) {
  const std::string text = config_of(entry("a", "Client/a") + "," + entry("b", "Client/a"));
  test::write_in_place(path(), text, [&] { cache_->poll_once(); }, [&] { cache_->poll_once(); });
  pass();
  EXPECT_EQ(times_logged("vault/reload-refused"), 0) << log_;
  EXPECT_EQ(value("b", "a"), "VALUE-B 1");
}

TEST_F(ConfigReload, AVolumeThatIsSwappedIsFollowed) {
  test::AtomicVolume volume(dir_.path() / "volume");
  volume.write({{"vault.json", config_of(entry("a", "Client/a"))}});
  options_.config_path = volume.file("vault.json");
  cache_.emplace(*VaultConfig::load(options_.config_path), options_, clock_, metrics_);
  pass();
  volume.write({{"vault.json", config_of(entry("b", "Client/a"))}});
  pass();
  EXPECT_EQ(value("b", "a"), "VALUE-B 1");
  EXPECT_THAT(value("a", "a"), HasSubstr("not in the vault config"));
}

TEST_F(ConfigReload, TheSameContentAgainDoesNothing) {
  ASSERT_EQ(value("a", "a"), "VALUE-A 1");
  pass();
  ASSERT_EQ(reads_, 1);
  int changes = 0;
  const auto watch = cache_->watch_config([&] { ++changes; });
  const auto before = cache_->config();
  change(test::read_file(path()));
  pass();
  EXPECT_EQ(reads_, 1);
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(cache_->config(), before);
  EXPECT_EQ(times_logged("vault/loaded"), 1);
}

TEST_F(ConfigReload, AChangeBetweenTheStartAndTheFirstLookIsNotMissed) {
  change(config_of(entry("b", "Client/a")));
  EXPECT_EQ(value("b", "a"), "VALUE-B 1");
}

TEST_F(ConfigReload, WhatIsWarnedAboutIsWarnedAboutOnce) {
  change(config_of(entry("a", "Client/a") + "," + entry("b", "Client")));
  EXPECT_EQ(times_logged("vault/warning"), 1);
  change(config_of(entry("a", "Client/other") + "," + entry("b", "Client")));
  EXPECT_EQ(times_logged("vault/warning"), 1);
}

TEST_F(ConfigReload, MetricsOfARemovedNameGo) {
  options_.names_in_metrics = true;
  cache_.emplace(*VaultConfig::load(path()), options_, clock_, metrics_);
  ASSERT_EQ(value("a", "a"), "VALUE-A 1");
  pass();
  ASSERT_THAT(metrics_.text(), HasSubstr("secret=\"a\""));
  change(config_of(entry("b", "Client/a")));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("secret=\"a\"")));
}

}  // namespace
}  // namespace embergate::vault
