// SPDX-License-Identifier: Apache-2.0
#include "app/listener_files.hpp"

#include <gtest/gtest.h>

namespace embergate::app {
namespace {

ListenerSettings settings_with(const std::string& certificate, const std::string& key) { return {certificate, key}; }

TEST(ListenerFiles, PathsBecomeSecretsThatOnlyTheListenerMayUse) {
  const ListenerSettings settings = settings_with("/tls/tls.crt", "/tls/tls.key");
  vault::VaultConfig config;
  ASSERT_TRUE(add_listener_files(settings, config));
  const auto files = listener_files(settings);
  ASSERT_TRUE(files);
  EXPECT_EQ(config.find(files->certificate)->path, "/tls/tls.crt");
  EXPECT_EQ(config.find(*files->key)->path, "/tls/tls.key");
  EXPECT_EQ(config.check(files->certificate, http::ListenerCertificate::requester()), vault::ScopeVerdict::kGranted);
  EXPECT_EQ(config.check(files->certificate, {"Client", "web", ""}), vault::ScopeVerdict::kOutOfScope);
  EXPECT_FALSE(config.enabled());
}

TEST(ListenerFiles, NamesAreThoseOfTheVaultConfig) {
  const ListenerSettings settings = settings_with("web-pair", "");
  vault::VaultConfig config;
  ASSERT_TRUE(add_listener_files(settings, config));
  EXPECT_TRUE(config.entries().empty());
  const auto files = listener_files(settings);
  ASSERT_TRUE(files);
  EXPECT_EQ(files->certificate.value(), "web-pair");
  EXPECT_FALSE(files->key);
}

TEST(ListenerFiles, RefuseWhatIsNeitherPathNorName) {
  const auto files = listener_files(settings_with("tls/../tls.crt", ""));
  ASSERT_FALSE(files);
  EXPECT_NE(files.error().diagnostics.find("BOX_WEB_TLS_CERT"), std::string::npos);
}

TEST(ListenerFiles, RefuseANameThatTheVaultConfigHasToo) {
  auto config = vault::VaultConfig::parse(
      R"({"secret":{"BOX_WEB_TLS_CERT":{"path":"/x","scope":{"resource_type":"Client","id":"a"}}}})");
  ASSERT_TRUE(config);
  EXPECT_FALSE(add_listener_files(settings_with("/tls/tls.crt", ""), *config));
}

}  // namespace
}  // namespace embergate::app
