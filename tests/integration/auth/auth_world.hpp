// SPDX-License-Identifier: Apache-2.0
// An Authenticator on a store and a vault of its own: the root client `root` with the secret `cnry-root`, and the
// vault's name `intake` with the value `v1`, which the client of that id may use, and `absent`, whose file is not
// there. Thread: of the caller; one login at a time. Failure: make-time faults end the test or bench.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "embergate/auth/authenticator.hpp"
#include "embergate/core/fair_pool.hpp"
#include "embergate/secretref/password_hash.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "support/atomic_volume.hpp"
#include "support/rest_client.hpp"
#include "support/samples.hpp"
#include "support/temp_dir.hpp"

namespace embergate::auth {

class AuthWorld {
 public:
  explicit AuthWorld(const AuthOptions& options) {
    store::SqliteOptions sqlite;
    sqlite.path = directory_.file("gateway.db");
    store_ = *store::open_sqlite_store(sqlite, core::system_clock(), metrics);
    volume.write({{"client", "v1\n"}});
    auto config = vault::VaultConfig::parse(
        R"({"secret":{"intake":{"path":")" + (directory_.path() / "volume/client").string() +
        R"(","scope":{"resource_type":"Client","id":"intake"}},"absent":{"path":")" +
        (directory_.path() / "volume/absent").string() + R"(","scope":{"resource_type":"Client","id":"absent"}}}})");
    EXPECT_TRUE(config);
    vault::SecretCache::Options cache;
    cache.quiet = core::Milliseconds(20);
    secrets_ = std::make_unique<vault::SecretCache>(*std::move(config), cache, core::system_clock(), metrics);
    authenticator_ = std::make_unique<Authenticator>(options, RootClient{"root", vault::Secret("cnry-root")}, *store_,
                                                     *secrets_, pool_, core::system_clock(), metrics);
  }
  ~AuthWorld() {
    pool_.join();
    authenticator_.reset();
    secrets_->stop();
    store_->stop();
  }
  AuthWorld(const AuthWorld&) = delete;
  AuthWorld& operator=(const AuthWorld&) = delete;

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
  void put_client_by_reference(const std::string& id, const std::string& name) {
    put("Client", id, test::samples::client_with_reference(id, name).dump());
  }
  void put_client_with_secret(const std::string& id, const std::string& secret) {
    put("Client", id, test::samples::client_with_inline_secret(id, secretref::hash_password(secret)).dump());
  }

  // `credential`: "id:secret".
  core::Result<Principal> login(const std::string& credential, const std::string& address = "127.0.0.1") {
    return authenticate("Basic " + test::base64(credential), address);
  }
  core::Result<Principal> authenticate(const std::string& authorization, const std::string& address = "127.0.0.1") {
    io_.restart();
    auto future = boost::asio::co_spawn(io_, authenticator_->authenticate(authorization, address, retry_after),
                                        boost::asio::use_future);
    io_.run();
    return future.get();
  }
  // All at once, begun in this order: "id:secret" and the address.
  std::vector<core::Result<Principal>> logins(const std::vector<std::pair<std::string, std::string>>& all) {
    io_.restart();
    std::vector<std::future<core::Result<Principal>>> begun;
    for (const auto& [credential, address] : all) {
      begun.push_back(boost::asio::co_spawn(
          io_, authenticator_->authenticate("Basic " + test::base64(credential), address, retry_after),
          boost::asio::use_future));
    }
    io_.run();
    std::vector<core::Result<Principal>> ended;
    for (auto& one : begun) ended.push_back(one.get());
    return ended;
  }
  [[nodiscard]] core::Result<void> authorize(const Principal& principal, std::string_view interaction = "create",
                                             std::string_view type = "Patient") const {
    return auth::authorize(principal, interaction, type);
  }
  void drop_caches() { authenticator_->drop_caches(); }
  // How often the vault was asked for a secret.
  double resolutions() {
    double sum = 0;
    for (const char* outcome : {"hit", "reload", "error", "denied"})
      sum += metrics.counter("secret_resolutions_total", "", {{"outcome", outcome}})->value();
    return sum;
  }

 private:
  test::TempDir directory_;

 public:
  test::AtomicVolume volume{directory_.path() / "volume"};
  observability::Metrics metrics;
  std::chrono::seconds retry_after{};  // of the last login that was refused for a while

 private:
  boost::asio::io_context io_;
  core::FairPool pool_{2};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<vault::SecretCache> secrets_;
  std::unique_ptr<Authenticator> authenticator_;
};

}  // namespace embergate::auth
