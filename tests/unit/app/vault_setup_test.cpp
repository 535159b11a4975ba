// SPDX-License-Identifier: Apache-2.0
#include "app/vault_setup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace embergate::app {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal_of_scopes(const std::string& scopes) {
  const test::TempDir directory;
  Settings settings;
  settings.vault_config =
      directory.write("vault.json", R"({"secret":{"kafka":{"path":"/run/kafka","scope":)" + scopes + "}}}");
  const auto loaded = load_vault_config(settings);
  if (loaded) return "accepted";
  EXPECT_THAT(loaded.error().diagnostics, HasSubstr("BOX_VAULT_CONFIG: vault config " + settings.vault_config + ": "));
  return loaded.error().diagnostics;
}

TEST(VaultSetup, AScopeOfATypeThatTheServerDoesNotKnowIsAFaultWithTheNearestName) {
  const std::string refusal = refusal_of_scopes(R"(["AidboxTopicDestinatoin/events"])");
  EXPECT_THAT(refusal, HasSubstr("/secret/kafka/scope: names a resource type that this server does not know; did you "
                                 "mean AidboxTopicDestination?"));
  EXPECT_THAT(refusal, Not(HasSubstr("Destinatoin"))) << "messages show no content of the file";
  EXPECT_THAT(refusal_of_scopes(R"({"resource_type":"Clinet","id":"a"})"), HasSubstr("did you mean Client?"));
  EXPECT_THAT(refusal_of_scopes(R"({"resource_type":"Qqqqqqqqqqqqqqqqq"})"),
              HasSubstr("secrets are used by AidboxTopicDestination, Client, "));
}

TEST(VaultSetup, ScopesOfResourcesAndOfTheListenerAreTaken) {
  for (const char* type : {"AidboxTopicDestination", "Client", "IdentityProvider", "TokenIntrospector", "Listener"})
    EXPECT_EQ(refusal_of_scopes(R"([")" + std::string(type) + R"(/a"])"), "accepted") << type;
}

TEST(VaultSetup, NoConfigIsAVaultThatIsOff) {
  const auto loaded = load_vault_config(Settings());
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->enabled());
}

// The reader of a running gateway, as the vault calls it.
std::string reload_refusal(const std::string& entries, const std::string& certificate = "") {
  Settings settings;
  settings.vault_config = "/etc/vault.json";
  settings.tls_certificate = certificate;
  settings.vault_rules.allowed_roots = {"/run"};
  const auto options = vault_options(settings, nullptr);
  EXPECT_EQ(options.config_path, "/etc/vault.json");
  const auto read = options.config_reader(R"({"secret":{)" + entries + "}}");
  return read ? "accepted " + std::to_string(read->entries().size()) : read.error().diagnostics;
}

TEST(VaultSetup, AConfigThatChangesIsCheckedAsAtTheStart) {
  const std::string good = R"("s":{"path":"/run/s","scope":["Client/a"]})";
  EXPECT_EQ(reload_refusal(good), "accepted 1");
  EXPECT_THAT(reload_refusal(R"("s":{"path":"/run/s","scope":["Clinet/a"]})"),
              HasSubstr("BOX_VAULT_CONFIG: vault config /etc/vault.json: /secret/s/scope: names a resource type"));
  EXPECT_THAT(reload_refusal(R"("s":{"path":"/tmp/s","scope":["Client/a"]})"), HasSubstr("BOX_VAULT_ALLOWED_ROOTS"));
  EXPECT_THAT(reload_refusal(good + "," + good), HasSubstr("occurs twice"));
}

TEST(VaultSetup, AConfigThatChangesKeepsTheFilesOfTheListenerAndMustNotTakeItsSecretAway) {
  const std::string good = R"("s":{"path":"/run/s","scope":["Client/a"]})";
  EXPECT_EQ(reload_refusal(good, "/tls/pair.pem"), "accepted 2");
  EXPECT_THAT(reload_refusal(R"("BOX_WEB_TLS_CERT":{"path":"/run/s","scope":["Client/a"]})", "/tls/pair.pem"),
              HasSubstr("the vault config has a secret of that name"));
  EXPECT_EQ(reload_refusal(R"("web":{"path":"/run/w","scope":["Listener/web"]})", "web"), "accepted 1");
  EXPECT_THAT(reload_refusal(good, "web"), HasSubstr("BOX_WEB_TLS_CERT: secret \"web\" is not in the vault config"));
}

}  // namespace
}  // namespace embergate::app
