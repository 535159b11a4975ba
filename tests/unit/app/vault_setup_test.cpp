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

}  // namespace
}  // namespace embergate::app
