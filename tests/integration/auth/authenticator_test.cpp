// SPDX-License-Identifier: Apache-2.0
#include "embergate/auth/authenticator.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "embergate/secretref/password_hash.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "support/atomic_volume.hpp"
#include "support/temp_dir.hpp"

namespace embergate::auth {
namespace {

using core::ErrorCode;

std::string basic(const std::string& text) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "Basic ";
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b)
      group = (group << 8) | (i + b < text.size() ? static_cast<unsigned char>(text[i + b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d)
      out.push_back(i + d > text.size() ? '=' : kDigits[(group >> (18 - 6 * d)) & 0x3f]);
  }
  return out;
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    store::SqliteOptions sqlite;
    sqlite.path = directory_.file("gateway.db");
    store_ = *store::open_sqlite_store(sqlite, core::system_clock(), metrics_);
    volume_.write({{"client", "v1\n"}});
    auto config =
        vault::VaultConfig::parse(R"({"secret":{"intake":{"path":")" + (directory_.path() / "volume/client").string() +
                                  R"(","scope":{"resource_type":"Client","id":"intake"}}}})");
    EXPECT_TRUE(config);
    vault::SecretCache::Options options;
    options.quiet = core::Milliseconds(20);
    secrets_ = std::make_unique<vault::SecretCache>(*std::move(config), options, core::system_clock(), metrics_);
    AuthOptions auth_options;
    auth_options.failures_per_minute = 5;
    authenticator_ = std::make_unique<Authenticator>(auth_options, RootClient{"root", vault::Secret("cnry-root")},
                                                     *store_, *secrets_, pool_, core::system_clock(), metrics_);
  }
  ~AuthenticatorTest() override {
    pool_.join();
    authenticator_.reset();
    secrets_->stop();
    store_->stop();
  }

  void put(const std::string& type, const std::string& id, const std::string& body) {
    std::promise<bool> done;
    store_->transact(
        [&](store::Transaction& tx) -> core::Result<void> {
          tx.advance_catalog_epoch();
          EG_TRY(const auto current, tx.load_current(type, id));
          return tx.put_version({type,
                                 id,
                                 tx.next_version_id(),
                                 current ? current->version_id : 0,
                                 store::Interaction::kCreate,
                                 tx.now(),
                                 tx.now(),
                                 body,
                                 {}});
        },
        [&](core::Result<store::CommitReceipt> receipt) { done.set_value(receipt.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  }

  void put_intake_client(const std::string& more = "") {
    put("Client", "intake",
        R"({"resourceType":"Client","id":"intake","grant_types":["basic"],"_secret":{"extension":[
      {"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"},
      {"url":"http://health-samurai.io/fhir/secret-reference","valueString":"intake"}]})" +
            more + "}");
  }

  core::Result<Principal> login(const std::string& credential, const std::string& address = "127.0.0.1") {
    io_.restart();
    auto future =
        boost::asio::co_spawn(io_, authenticator_->authenticate(basic(credential), address), boost::asio::use_future);
    io_.run();
    return future.get();
  }

  test::TempDir directory_;
  test::AtomicVolume volume_{directory_.path() / "volume"};
  observability::Metrics metrics_;
  boost::asio::io_context io_;
  boost::asio::thread_pool pool_{2};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<vault::SecretCache> secrets_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, TheRootClientMayEverything) {
  const auto principal = login("root:cnry-root");
  ASSERT_TRUE(principal);
  EXPECT_TRUE(authenticator_->authorize(*principal));
  EXPECT_EQ(login("root:wrong").error().code, ErrorCode::kUnauthenticated);
}

TEST_F(AuthenticatorTest, AClientByReferenceNeedsAPolicyToBeAllowed) {
  put_intake_client();
  const auto principal = login("intake:v1");
  ASSERT_TRUE(principal);
  EXPECT_EQ(authenticator_->authorize(*principal).error().code, ErrorCode::kForbidden);
  put("AccessPolicy", "p",
      R"({"resourceType":"AccessPolicy","id":"p","engine":"allow","link":[{"reference":"Client/intake"}]})");
  const auto again = login("intake:v1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(authenticator_->authorize(*again));
}

TEST_F(AuthenticatorTest, ARotatedSecretCountsOnTheNextRequestInBothDirections) {
  put_intake_client();
  ASSERT_TRUE(login("intake:v1"));
  for (const auto& [fresh, old] :
       std::vector<std::pair<std::string, std::string>>{{"v2", "v1"}, {"v3", "v2"}, {"v4", "v3"}}) {
    volume_.write({{"client", fresh + "\n"}});
    EXPECT_TRUE(login("intake:" + fresh)) << fresh;
    EXPECT_FALSE(login("intake:" + old)) << old;
  }
}

TEST_F(AuthenticatorTest, AnOldSecretIsRefusedOnTheFirstRequestAfterTheRotation) {
  put_intake_client();
  ASSERT_TRUE(login("intake:v1"));
  volume_.write({{"client", "v2\n"}});
  EXPECT_FALSE(login("intake:v1"));
  EXPECT_TRUE(login("intake:v2"));
}

TEST_F(AuthenticatorTest, WrongEmptyUnknownInactiveAndGrantlessAreTheSame401) {
  put_intake_client();
  put("Client", "inactive", R"({"resourceType":"Client","id":"inactive","active":false,"grant_types":["basic"]})");
  put("Client", "grantless", R"({"resourceType":"Client","id":"grantless","secret":"$scrypt$x"})");
  for (const char* credential : {"intake:wrong", "intake:", "nobody:v1", "inactive:v1", "grantless:v1"}) {
    const auto refused = login(credential, credential);
    ASSERT_FALSE(refused) << credential;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(refused.error().diagnostics, "Authentication is required");
  }
}

TEST_F(AuthenticatorTest, AnOutOfScopeReferenceIsAPlain401) {
  put("Client", "other", R"({"resourceType":"Client","id":"other","grant_types":["basic"],"_secret":{"extension":[
    {"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"},
    {"url":"http://health-samurai.io/fhir/secret-reference","valueString":"intake"}]}})");
  EXPECT_EQ(login("other:v1").error().diagnostics, "Authentication is required");
}

TEST_F(AuthenticatorTest, AHashedSecretIsVerifiedAndItsVersionMatters) {
  put("Client", "c",
      R"({"resourceType":"Client","id":"c","grant_types":["basic"],"secret":")" + secretref::hash_password("first") +
          "\"}");
  EXPECT_TRUE(login("c:first"));
  EXPECT_TRUE(login("c:first"));
  EXPECT_FALSE(login("c:second"));
  put("Client", "c",
      R"({"resourceType":"Client","id":"c","grant_types":["basic"],"secret":")" + secretref::hash_password("second") +
          "\"}");
  EXPECT_FALSE(login("c:first"));
  EXPECT_TRUE(login("c:second"));
}

TEST_F(AuthenticatorTest, AGuesserIsSlowedDownAndTheClientElsewhereIsServed) {
  put_intake_client();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(login("intake:guess", "10.0.0.1").error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(login("intake:v1", "10.0.0.1").error().code, ErrorCode::kThrottled);
  EXPECT_TRUE(login("intake:v1", "10.0.0.2"));
}

TEST_F(AuthenticatorTest, NobodyIsAnonymousAndMayNothing) {
  io_.restart();
  auto future = boost::asio::co_spawn(io_, authenticator_->authenticate("", "127.0.0.1"), boost::asio::use_future);
  io_.run();
  const auto nobody = future.get();
  ASSERT_TRUE(nobody);
  EXPECT_EQ(authenticator_->authorize(*nobody).error().code, ErrorCode::kUnauthenticated);
}

}  // namespace
}  // namespace embergate::auth
