// SPDX-License-Identifier: Apache-2.0
#include "rest/vault_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/fake_target_store.hpp"
#include "support/temp_dir.hpp"

namespace embergate::rest {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class VaultStatus : public ::testing::Test {
 protected:
  VaultStatus() {
    vault::SecretCache::Options options;
    options.quiet = 0ms;
    options.start_poll_thread = false;
    const auto config =
        vault::VaultConfig::parse(R"({"secret":{"used":{"path":")" + dir_.write("used-file", "cnry-0123456789") +
                                  R"(","scope":["Client/a"]},"idle":{"path":"/nowhere/idle","scope":["Client/a"]}}})");
    cache_.emplace(*config, options, core::system_clock(), metrics_);
  }
  json status(const std::vector<interaction::SecretUse>& uses,
              core::SystemTime now = core::system_clock().system_now()) {
    vault::TargetBindings bindings(cache_->config_in_force(), std::make_unique<test::FakeTargetStore>(table_));
    EXPECT_TRUE(bindings.load());
    text_ = vault_status_json(*cache_, bindings, uses, in_use_, now);
    return json::parse(text_);
  }
  static json secret(const json& status, const std::string& name) {
    for (const auto& parameter : status["parameter"]) {
      if (parameter["part"][0]["valueString"] == name) return parameter["part"];
    }
    return {};
  }
  static json part(const json& parts, const std::string& name) {
    for (const auto& one : parts) {
      if (one["name"] == name) return one;
    }
    return {};
  }
  static interaction::SecretUse use(std::string_view name, std::string id) {
    return {
        *vault::make_secret_name(name), {"Client", std::move(id), "Client.secret"}, vault::ContentKind::kSingleLine};
  }

  test::TempDir dir_;
  test::TargetTable table_;
  observability::Metrics metrics_;
  std::optional<vault::SecretCache> cache_;
  std::map<std::string, std::uint64_t> in_use_;  // with the brokers
  std::string text_;
};

TEST_F(VaultStatus, S07_TellsAdministratorsWhatTheFirstUseBoundASecretTo) {
  vault::NamedTarget target{{"a.example:9093", "b.example:9093"}, "SASL_SSL", "PLAIN", "https", "system", ""};
  const vault::SecretName used("used");
  table_.rows.emplace(used, vault::TargetBinding{used, target, {}, "AidboxTopicDestination/d", true, {}});
  const auto shown = secret(status({}), "used");
  const auto parts = part(shown, "target")["part"];
  EXPECT_EQ(part(parts, "bootstrapServers")["valueString"], "a.example:9093,b.example:9093");
  EXPECT_EQ(part(parts, "securityProtocol")["valueString"], "SASL_SSL");
  EXPECT_EQ(part(parts, "saslMechanism")["valueString"], "PLAIN");
  EXPECT_EQ(part(parts, "authorities")["valueString"], "system");
  EXPECT_EQ(part(shown, "targetProven")["valueBoolean"], true);
  EXPECT_EQ(part(shown, "targetResource")["valueString"], "AidboxTopicDestination/d");
  EXPECT_TRUE(part(secret(status({}), "idle"), "target").is_null());
}

TEST_F(VaultStatus, TellsStateGenerationAgesAndUsersOfEachName) {
  ASSERT_TRUE(cache_->resolve(*vault::make_secret_name("used"), {"Client", "a", "secret"},
                              vault::ContentKind::kSingleLine, vault::Use::kInbound));
  const auto shown =
      status({use("used", "a"), use("used", "b"), use("ghost", "a")}, core::system_clock().system_now() + 60s);
  EXPECT_EQ(shown["resourceType"], "Parameters");
  ASSERT_EQ(shown["parameter"].size(), 3U);
  const auto used = secret(shown, "used");
  EXPECT_EQ(part(used, "state")["valueString"], "ok");
  EXPECT_EQ(part(used, "generation")["valueInteger"], 1);
  EXPECT_TRUE(part(used, "since").contains("valueDateTime"));
  EXPECT_GE(part(used, "age")["valueDecimal"].get<double>(), 60);
  EXPECT_GE(part(used, "lastReadAge")["valueDecimal"].get<double>(), 60);
  std::vector<std::string> users;
  for (const auto& one : used) {
    if (one["name"] != "usedBy") continue;
    users.push_back(part(one["part"], "resource")["valueString"].get<std::string>() +
                    (part(one["part"], "state").is_null()
                         ? ""
                         : " " + part(one["part"], "state")["valueString"].get<std::string>()));
  }
  EXPECT_EQ(users, (std::vector<std::string>{"Client/a", "Client/b scope-denied"}));
  EXPECT_EQ(part(secret(shown, "idle"), "state")["valueString"], "unused");
  EXPECT_EQ(part(secret(shown, "ghost"), "state")["valueString"], "missing");
  EXPECT_EQ(part(secret(shown, "ghost"), "reason")["valueString"], "unknown-name");
  EXPECT_THAT(part(secret(shown, "ghost"), "explanation")["valueString"].get<std::string>(), HasSubstr("add an entry"));
  EXPECT_EQ(part(secret(shown, "ghost"), "code")["valueString"], "secret.unknown-name");
  EXPECT_EQ(part(secret(shown, "ghost"), "title")["valueString"], core::text_of(core::Fault::kSecretUnknownName).title);
  EXPECT_TRUE(part(used, "code").is_null());
  EXPECT_TRUE(part(used, "explanation").is_null());
}

TEST_F(VaultStatus, TellsWhichValueIsInTheFileAndWhichIsInUse) {
  ASSERT_TRUE(cache_->resolve(*vault::make_secret_name("used"), {"Client", "a", "secret"},
                              vault::ContentKind::kSingleLine, vault::Use::kInbound));
  EXPECT_EQ(part(secret(status({}), "used"), "inFile")["valueInteger"], 1);
  EXPECT_EQ(part(secret(status({}), "used"), "inUse")["valueInteger"], 1) << "clients use what was read";
  in_use_ = {{"used", 0}};
  EXPECT_EQ(part(secret(status({}), "used"), "inFile")["valueInteger"], 1);
  EXPECT_EQ(part(secret(status({}), "used"), "inUse")["valueInteger"], 0) << "brokers have not taken it yet";
}

TEST_F(VaultStatus, AL19_ShowsNeitherValueNorLengthNorPath) {
  ASSERT_TRUE(cache_->resolve(*vault::make_secret_name("used"), {"Client", "a", "secret"},
                              vault::ContentKind::kSingleLine, vault::Use::kInbound));
  (void)status({use("used", "a")});
  EXPECT_THAT(text_, Not(HasSubstr("cnry")));
  EXPECT_THAT(text_, Not(HasSubstr("used-file")));
  EXPECT_THAT(text_, Not(HasSubstr("nowhere")));
  EXPECT_THAT(text_, Not(HasSubstr("hash")));
  EXPECT_THAT(text_, Not(HasSubstr("length")));
}

TEST_F(VaultStatus, IsAnEmptyResourceWhenThereIsNoName) {
  cache_.emplace(vault::VaultConfig(), vault::SecretCache::Options(), core::system_clock(), metrics_);
  EXPECT_FALSE(status({}).contains("parameter"));
}

}  // namespace
}  // namespace embergate::rest
