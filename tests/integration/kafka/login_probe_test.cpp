// SPDX-License-Identifier: Apache-2.0
// One try of a login is one login at the brokers: counted where they count, since accounts are locked by that number.
#include "kafka/login_probe.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "integration/kafka/pool_bench.hpp"
#include "kafka/producer_config.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::ConnectionFault;
using kafka::SaslMechanism;
using namespace std::chrono_literals;

constexpr int kTries = 12;

// A port of loopback that takes connections and says nothing, or takes none.
class SilentPort {
 public:
  enum class Kind { kSilent, kClosed };
  explicit SilentPort(Kind kind) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, generic, sizeof address), 0);
    if (kind == Kind::kSilent) {
      EXPECT_EQ(listen(socket_, 16), 0);
    }
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  [[nodiscard]] std::string server() const { return fmt::format("127.0.0.1:{}", port_); }

 private:
  int socket_;
  int port_ = 0;
};

struct LoginProbe : ::testing::Test {
  std::string user = KafkaAdmin::random_name("probe");
  kafka::ConnectionSettings settings = PoolBench::sasl(SaslMechanism::kPlain);
  std::atomic<bool> stopping{false};

  LoginProbe() { KafkaEnvironment::get().set_plain_password(user, "right"); }

  kafka::ProbeResult probe(const std::string& password) {
    kafka::Credential credential;
    credential.username = vault::Secret(user);
    credential.password = vault::Secret(password);
    auto conf = kafka::make_producer_conf(settings, &credential, {});
    EXPECT_TRUE(conf.has_value());
    return kafka::probe_login(*std::move(conf), nullptr, {}, 20s, [&] { return stopping.load(); });
  }
  // A login more than `expected` would be on its way: the library knocks again within a second.
  void expect_logins(const char* outcome, int expected) const {
    const auto count = [&] { return KafkaEnvironment::get().plain_logins(user, outcome); };
    EXPECT_FALSE(eventually([&] { return count() > expected; }, 1s));
    EXPECT_EQ(count(), expected);
  }
};

TEST_F(LoginProbe, OfARefusedPasswordIsOneLoginAtTheBroker) {
  for (int i = 0; i < kTries; ++i) EXPECT_EQ(probe("wrong").fault, ConnectionFault::kLoginRefused);
  expect_logins("refused", kTries);
}

TEST_F(LoginProbe, OfARefusedPasswordIsOneLoginAtAllBrokersTogether) {
  settings.bootstrap_servers += "," + PoolBench::pinned_server();
  for (int i = 0; i < kTries; ++i) EXPECT_EQ(probe("wrong").fault, ConnectionFault::kLoginRefused);
  expect_logins("refused", kTries);
}

TEST_F(LoginProbe, GoesOnToTheBrokerThatAnswersWhenOthersAreSilentOrClosed) {
  const SilentPort silent(SilentPort::Kind::kSilent);
  const SilentPort closed(SilentPort::Kind::kClosed);
  settings.bootstrap_servers = fmt::format("{},{},{}", silent.server(), closed.server(), settings.bootstrap_servers);
  for (int i = 0; i < 4; ++i) {
    const auto result = probe("right");
    EXPECT_TRUE(result.client) << result.error.text;
  }
  expect_logins("refused", 0);
}

// From 2.10 on the library leaves the broker of the login for those that the cluster names.
TEST_F(LoginProbe, OfAGoodPasswordIsAnsweredByAClusterThatNamesItsBrokersOtherwise) {
  const std::string& named = KafkaEnvironment::get().sasl_plaintext;
  settings.bootstrap_servers = "localhost" + named.substr(named.rfind(':'));
  for (int i = 0; i < kTries; ++i) {
    const auto result = probe("right");
    ASSERT_TRUE(result.client) << result.error.text;
    EXPECT_EQ(result.brokers, std::vector<std::string>{named});
  }
}

TEST_F(LoginProbe, OfARefusedPasswordIsOneLoginWhenOtherBrokersAreSilentOrClosed) {
  const SilentPort silent(SilentPort::Kind::kSilent);
  const SilentPort closed(SilentPort::Kind::kClosed);
  settings.bootstrap_servers = fmt::format("{},{},{}", silent.server(), closed.server(), settings.bootstrap_servers);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(probe("wrong").fault, ConnectionFault::kLoginRefused);
  expect_logins("refused", 4);
}

}  // namespace
}  // namespace embergate::test
