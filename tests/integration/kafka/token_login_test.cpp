// SPDX-License-Identifier: Apache-2.0
// OAUTHBEARER as the connection sees it: tokens that a source gives, on a listener that takes them unsigned and asks
// for a new login every two seconds. Where tokens come from in earnest is tested with a provider.
#include <gmock/gmock.h>

#include <openssl/evp.h>

#include <future>
#include <mutex>

#include "embergate/vault/target_bindings.hpp"
#include "integration/kafka/flow.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "kafka/token_source.hpp"
#include "support/eventually.hpp"
#include "support/fake_target_store.hpp"

namespace embergate::test {
namespace {

using Kind = kafka::ProducerPool::Event::Kind;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string base64url(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

// Tokens of the principal that the secret names, or errors, as the test says.
class Issuer final : public kafka::TokenSourceFactory {
 public:
  core::Result<std::shared_ptr<kafka::TokenSource>> make(const kafka::ConnectionSettings& /*settings*/,
                                                         kafka::TokenMaterial material) override {
    const std::string principal =
        material.login.username.with_plaintext([](std::string_view name) { return std::string(name); });
    ++sources_;
    return std::shared_ptr<kafka::TokenSource>(std::make_shared<Source>(*this, principal));
  }
  void set_life(std::chrono::seconds life) {
    std::lock_guard lock(mutex_);
    life_ = life;
  }
  void set_error(std::optional<core::Error> error) {
    std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  [[nodiscard]] int fetches() const { return fetches_; }
  [[nodiscard]] int sources() const { return sources_; }

 private:
  class Source final : public kafka::TokenSource {
   public:
    Source(Issuer& issuer, std::string principal) : issuer_(issuer), principal_(std::move(principal)) {}
    core::Result<kafka::BearerToken> fetch(core::SteadyTime /*deadline*/,
                                           const std::atomic<bool>& /*stopping*/) override {
      return issuer_.issue(principal_);
    }

   private:
    Issuer& issuer_;
    std::string principal_;
  };

  core::Result<kafka::BearerToken> issue(const std::string& principal) {
    ++fetches_;
    std::lock_guard lock(mutex_);
    if (error_) return *error_;
    kafka::BearerToken token;
    token.issued_at = core::system_clock().system_now();
    token.expires_at = token.issued_at + life_;
    token.principal = principal;
    const auto seconds = [](core::SystemTime time) {
      return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
    };
    token.text = vault::Secret(base64url(R"({"alg":"none"})") + "." +
                               base64url(R"({"sub":")" + principal + R"(","iat":)" + seconds(token.issued_at) +
                                         R"(,"exp":)" + seconds(token.expires_at) + "}") +
                               ".");
    return token;
  }

  std::atomic<int> fetches_{0};
  std::atomic<int> sources_{0};
  std::mutex mutex_;
  std::chrono::seconds life_{3600};
  std::optional<core::Error> error_;
};

// As a database that others keep busy: a claim waits until it is let through, for 20 seconds at most.
class BusyTargetStore final : public vault::TargetBindingStore {
 public:
  BusyTargetStore(std::atomic<bool>& waits, std::shared_future<void> through)
      : waits_(waits), through_(std::move(through)) {}
  core::Result<std::vector<vault::TargetBinding>> load() override { return store_.load(); }
  core::Result<std::vector<vault::TargetBinding>> claim(const std::vector<vault::TargetBinding>& wanted) override {
    waits_ = true;
    EXPECT_EQ(through_.wait_for(20s), std::future_status::ready);
    return store_.claim(wanted);
  }
  core::Result<std::vector<vault::TargetBinding>> prove(const std::vector<vault::TargetBinding>& proven) override {
    return store_.prove(proven);
  }
  core::Result<std::optional<vault::TargetBinding>> replace(const vault::TargetBinding& binding) override {
    return store_.replace(binding);
  }

 private:
  std::atomic<bool>& waits_;
  const std::shared_future<void> through_;
  TargetTable table_;
  FakeTargetStore store_{table_};
};

class TokenLogin : public ::testing::Test {
 protected:
  TokenLogin() {
    auto options = PoolBench::quick_options();
    options.token_sources = issuer_;
    bench_.make_pool(options);
  }
  void connect() { producer_ = bench_.acquire(settings(), topic_, &events_); }
  void use(const std::string& client, const std::string& secret) const {
    bench_.write_secret("org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"" +
                        client + "\" clientSecret=\"" + secret + "\";\n");
  }
  static kafka::ConnectionSettings settings() {
    auto settings = PoolBench::sasl(kafka::SaslMechanism::kOauthBearer);
    settings.bootstrap_servers = KafkaEnvironment::get().reauth;
    settings.sasl_oauthbearer_token_endpoint_url = "https://issuer.invalid/token";
    return settings;
  }
  [[nodiscard]] bool reaches(std::uint64_t generation) const {
    return eventually([&] { return producer_->status().credential_generation == generation; }, 20s);
  }

  std::shared_ptr<Issuer> issuer_ = std::make_shared<Issuer>();
  KafkaAdmin admin_;
  std::string topic_ = admin_.create_topic("token");
  PoolBench bench_;
  EventRecorder events_;
  std::unique_ptr<kafka::Producer> producer_;
};

TEST_F(TokenLogin, IsRenewedBeforeTheTokenEndsAndNothingIsLostDoubledOrReordered) {
  issuer_->set_life(5s);
  use("gw", "first");
  connect();
  ASSERT_TRUE(reaches(1)) << producer_->status().last_error;
  RelayedFlow load(*producer_);
  ASSERT_TRUE(eventually([&] { return issuer_->fetches() >= 4; }, 30s));
  load.stop();
  EXPECT_EQ(producer_->status().credential_generation, 1U) << "another token is not another secret";
  const Arrival arrival = arrival_of(topic_, load.delivered());
  EXPECT_EQ(arrival.missing, 0);
  EXPECT_EQ(arrival.reordered, 0);
  EXPECT_EQ(arrival.doubled, 0);
}

TEST_F(TokenLogin, RM03_OfARotatedClientSecretGoesIntoTheRunningClient) {
  use("gw", "first");
  connect();
  ASSERT_TRUE(reaches(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  ASSERT_TRUE(eventually([&] { return load.reached(300); }));
  use("gw", "second");
  ASSERT_TRUE(reaches(2)) << producer_->status().last_error;
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 300); }));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  EXPECT_EQ(issuer_->sources(), 2);
  expect_each_once_in_order(topic_, load.sent());
}

TEST_F(TokenLogin, OfAnotherPrincipalHasAClientOfItsOwn) {
  use("gw", "first");
  connect();
  ASSERT_TRUE(reaches(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  ASSERT_TRUE(eventually([&] { return load.reached(300); }));
  use("gw2", "first");
  ASSERT_TRUE(reaches(2)) << producer_->status().last_error;
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 1'000); })) << "longer than a session";
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(topic_, load.sent());
}

TEST_F(TokenLogin, SaysWhyThereIsNoTokenAndComesUpWhenThereIsOne) {
  issuer_->set_error(core::make_error(core::ErrorCode::kUnavailable, "the token endpoint refuses the client"));
  use("gw", "first");
  connect();
  ASSERT_TRUE(
      eventually([&] { return producer_->status().last_error.find("refuses the client") != std::string::npos; }));
  EXPECT_FALSE(producer_->status().has_credential);
  issuer_->set_error(std::nullopt);
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}}));
}

TEST_F(TokenLogin, OutlivesAnEndpointThatIsAwayForAWhile) {
  issuer_->set_life(8s);
  use("gw", "first");
  connect();
  ASSERT_TRUE(reaches(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  issuer_->set_error(core::make_retriable(core::ErrorCode::kUnavailable, "the token endpoint does not answer"));
  const int fetches = issuer_->fetches();
  ASSERT_TRUE(eventually([&] { return issuer_->fetches() > fetches; }, 20s));
  issuer_->set_error(std::nullopt);
  const int failed = issuer_->fetches();
  ASSERT_TRUE(eventually([&] { return issuer_->fetches() > failed; }, 20s));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(topic_, load.sent());
}

TEST_F(TokenLogin, AsksForNoTokenWhenTheRightWentWhileTheTargetWasClaimed) {
  std::atomic<bool> waits{false};
  std::promise<void> through;
  vault::TargetBindings bindings(bench_.secrets().config_in_force(),
                                 std::make_unique<BusyTargetStore>(waits, through.get_future().share()));
  auto options = PoolBench::quick_options();
  options.token_sources = issuer_;
  options.bindings = &bindings;
  bench_.make_pool(options);
  use("gw", "first");
  connect();
  EXPECT_TRUE(eventually([&] { return waits.load(); }));
  bench_.write_config(bench_.config_entry(PoolBench::kSecret, "AidboxTopicDestination/no-one"));
  EXPECT_TRUE(eventually([&] { return producer_->status().fault == core::Fault::kSecretScope; }));
  through.set_value();
  EXPECT_TRUE(eventually([&] { return issuer_->sources() > 0; }));
  producer_.reset();
  bench_.make_pool(PoolBench::quick_options());  // the old one has ended its work then
  EXPECT_EQ(issuer_->fetches(), 0);
}

TEST_F(TokenLogin, NeedsAProgramThatCanGetTokens) {
  bench_.make_pool(PoolBench::quick_options());
  use("gw", "first");
  connect();
  EXPECT_TRUE(
      eventually([&] { return producer_->status().last_error.find("no source of tokens") != std::string::npos; }));
}

}  // namespace
}  // namespace embergate::test
