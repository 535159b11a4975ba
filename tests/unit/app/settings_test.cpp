// SPDX-License-Identifier: Apache-2.0
#include "embergate/app/settings.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace embergate::app {
namespace {

class Variables {
 public:
  explicit Variables(std::vector<std::string> entries) : entries_(std::move(entries)) {
    for (std::string& entry : entries_) pointers_.push_back(entry.data());
    pointers_.push_back(nullptr);
  }
  char** get() { return pointers_.data(); }
  const std::string& at(std::size_t index) const { return entries_[index]; }

 private:
  std::vector<std::string> entries_;
  std::vector<char*> pointers_;
};

core::Result<Settings> read(std::vector<std::string> entries) {
  Variables variables(std::move(entries));
  return read_settings(variables.get());
}

TEST(Settings, HaveTheDefaultsOfTheContract) {
  const auto settings = read({});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->web.port, 8080);
  EXPECT_EQ(settings->max_body, 20'971'520U);
  EXPECT_EQ(settings->box_id, "devbox");
  EXPECT_EQ(settings->vault.ttl, std::chrono::seconds(30));
  EXPECT_EQ(settings->vault.poll, std::chrono::seconds(5));
  EXPECT_TRUE(settings->root.secret.empty());
  EXPECT_FALSE(settings->metrics_port);
}

TEST(Settings, AreTakenFromTheEnvironment) {
  const auto settings = read({"BOX_WEB_PORT=9000", "BOX_WEB_BASE_URL=https://g.example", "BOX_DB_PATH=/d/x.db",
                              "BOX_VAULT_CACHE_TTL_MS=500", "BOX_METRICS_PORT=9100", "BOX_ROOT_CLIENT_SECRET=cnry",
                              "BOX_FHIR_VALIDATION_SKIP_REFERENCE=true"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->web.port, 9000);
  EXPECT_EQ(settings->base_url, "https://g.example");
  EXPECT_EQ(settings->database.path, "/d/x.db");
  EXPECT_EQ(settings->vault.ttl, std::chrono::milliseconds(500));
  EXPECT_EQ(settings->metrics_port, 9100);
  EXPECT_FALSE(settings->root.secret.empty());
  EXPECT_TRUE(settings->skip_reference_allowed);
}

TEST(Settings, BoundAnswersSoThatOneOfTheLargestResourceFits) {
  const auto defaults = read({});
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->max_answer, 67'108'864U);
  EXPECT_EQ(defaults->max_answers_total, 4 * defaults->max_answer);
  EXPECT_EQ(read({"BOX_WEB_MAX_BODY=500000000"})->max_answers_total, 2'000'000'000U);
  const auto refused = read({"BOX_WEB_MAX_ANSWERS_TOTAL=20000000"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().diagnostics.find("BOX_WEB_MAX_ANSWERS_TOTAL"), std::string::npos);
}

TEST(Settings, GiveOneAddressAQuarterOfTheConnectionsUnlessTheySayMore) {
  const auto of_an_address = [](const std::vector<std::string>& entries) {
    return read(entries)->web.max_connections_per_address;
  };
  EXPECT_EQ(of_an_address({}), 1'024U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=20"}), 5U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=2"}), 1U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=100000"}), 1'024U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=20", "BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS=20"}), 20U);
}

TEST(Settings, SayWhereSecretsMayGoAndLie) {
  const auto settings = read({"BOX_VAULT_TARGET_POLICY=strict", "BOX_VAULT_ALLOWED_ROOTS=/run/secrets/:/etc/tls"});
  ASSERT_TRUE(settings) << settings.error().diagnostics;
  EXPECT_EQ(settings->vault_rules.target_mode, vault::TargetMode::kStrict);
  EXPECT_EQ(settings->vault_rules.allowed_roots, (std::vector<std::string>{"/run/secrets", "/etc/tls"}));
  EXPECT_FALSE(settings->egress.allow_loopback);
  EXPECT_EQ(read({})->vault_rules.target_mode, vault::TargetMode::kFirstUse);
  for (const auto mode :
       {vault::TargetMode::kOff, vault::TargetMode::kWarn, vault::TargetMode::kFirstUse, vault::TargetMode::kStrict}) {
    EXPECT_EQ(read({"BOX_VAULT_TARGET_POLICY=" + std::string(vault::to_string(mode))})->vault_rules.target_mode, mode);
  }
  EXPECT_TRUE(read({})->egress.allow_loopback);
  for (const char* entry : {"BOX_VAULT_TARGET_POLICY=none", "BOX_VAULT_ALLOWED_ROOTS=run", "BOX_VAULT_ALLOWED_ROOTS=/",
                            "BOX_VAULT_ALLOWED_ROOTS=/a::/b", "BOX_VAULT_ALLOWED_ROOTS=/a/../b"}) {
    const auto refused = read({entry});
    ASSERT_FALSE(refused) << entry;
    EXPECT_TRUE(std::string(entry).starts_with(refused.error().diagnostics.substr(0, 20)))
        << refused.error().diagnostics;
  }
}

TEST(Settings, NameTheVariableThatIsWrong) {
  for (const char* entry :
       {"BOX_WEB_PORT=70000", "BOX_WEB_PORT=http", "BOX_VAULT_POLL_MS=0", "BOX_FHIR_VALIDATION_SKIP_REFERENCE=yes",
        "BOX_WEB_BASE_URL=g.example", "BOX_WEB_BASE_URL=https://g.example/", "BOX_MODULE_TOPICS_REQUEST_STYLE=other"}) {
    const auto settings = read({entry});
    ASSERT_FALSE(settings) << entry;
    const std::string name = std::string(entry).substr(0, std::string(entry).find('='));
    EXPECT_NE(settings.error().diagnostics.find(name), std::string::npos) << settings.error().diagnostics;
  }
}

TEST(Settings, NameTheFilesOfTheListener) {
  const auto settings = read({"BOX_WEB_TLS_CERT=/tls/tls.crt", "BOX_WEB_TLS_KEY=web-key"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->tls_certificate, "/tls/tls.crt");
  EXPECT_EQ(settings->tls_key, "web-key");
  const auto alone = read({"BOX_WEB_TLS_KEY=/tls/tls.key"});
  ASSERT_FALSE(alone);
  EXPECT_NE(alone.error().diagnostics.find("BOX_WEB_TLS_CERT"), std::string::npos);
}

TEST(Settings, ListNetworksThatMayNotBeCalled) {
  const auto settings = read({"BOX_EGRESS_DENY=10.0.0.0/8, fd00::/8,192.0.2.1"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->egress.denied_networks, (std::vector<std::string>{"10.0.0.0/8", "fd00::/8", "192.0.2.1"}));
}

TEST(Settings, TakeTheVariablesOfAwsAndOverwriteItsSecrets) {
  Variables variables({"AWS_ACCESS_KEY_ID=AK", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
                       "AWS_DEFAULT_REGION=eu-west-1", "AWS_CONTAINER_AUTHORIZATION_TOKEN=auth", "HOME=/home/gw"});
  const auto settings = read_settings(variables.get());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->aws.access_key_id, "AK");
  EXPECT_FALSE(settings->aws.secret_access_key.empty());
  EXPECT_FALSE(settings->aws.session_token.empty());
  EXPECT_FALSE(settings->aws.container_authorization_token.empty());
  EXPECT_EQ(settings->aws.region, "eu-west-1");
  EXPECT_EQ(settings->aws.shared_credentials_file, "/home/gw/.aws/credentials");
  for (const std::size_t secret : {1U, 2U, 4U}) {
    const std::string& entry = variables.at(secret);
    EXPECT_EQ(entry.find_first_not_of('\0', entry.find('=') + 1), std::string::npos) << secret;
  }
}

TEST(Settings, WarnAboutNamesThatAreNone) {
  const auto settings = read({"BOX_WEB_PROT=1", "BOX_ROOT_CLIENT_SECRET=x"});
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->warnings.size(), 1U);
  EXPECT_NE(settings->warnings[0].find("BOX_WEB_PROT"), std::string::npos);
}

TEST(Settings, TheOldVaultNameGivesWayToTheNewOne) {
  const auto settings = read({"AIDBOX_VAULT_CONFIG=/old", "BOX_VAULT_CONFIG=/new", "BOX_ROOT_CLIENT_SECRET=x"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->vault_config, "/new");
  EXPECT_EQ(settings->warnings.size(), 1U);
}

TEST(Settings, OverwriteTheRootSecretWhereItStood) {
  Variables variables({"BOX_ROOT_CLIENT_SECRET=cnry-root"});
  ASSERT_TRUE(read_settings(variables.get()));
  EXPECT_EQ(variables.at(0).find("cnry"), std::string::npos);
}

TEST(Settings, ReadTheRootSecretFromAFileWithOneLine) {
  test::TempDir directory;
  EXPECT_TRUE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.write("good", "cnry\n")}));
  EXPECT_FALSE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.write("empty", "\n")}));
  EXPECT_FALSE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.write("two", "a\nb\n")}));
  EXPECT_FALSE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.file("absent")}));
}

}  // namespace
}  // namespace embergate::app
