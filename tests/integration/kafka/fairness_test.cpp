// SPDX-License-Identifier: Apache-2.0
// What one destination meets does not reach the others: brokers that never answer, and topics without a leader.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "integration/kafka/mock_cluster.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::SaslMechanism;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

constexpr int kSilent = 40;

// The kernel takes connections, and nobody reads what comes.
class SilentBroker {
 public:
  SilentBroker() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 128), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    server_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentBroker() { ::close(listener_); }
  SilentBroker(const SilentBroker&) = delete;
  SilentBroker& operator=(const SilentBroker&) = delete;
  [[nodiscard]] const std::string& server() const { return server_; }

 private:
  int listener_;
  std::string server_;
};

class BesideSilentBrokers : public ::testing::Test {
 protected:
  BesideSilentBrokers() : topic_(admin_.create_topic("fair")), user_(KafkaAdmin::random_name("user")) {
    admin_.set_scram_password(user_, "first");
    bench_.write_secret(PoolBench::scram_line(user_, "first"));
  }
  void acquire_silent() {
    for (int i = 0; i < kSilent; ++i) {
      auto settings = PoolBench::sasl(SaslMechanism::kScramSha512);
      settings.bootstrap_servers = brokers_[static_cast<std::size_t>(i)].server();
      silent_.push_back(bench_.acquire(settings, topic_, nullptr, "silent-" + std::to_string(i)));
    }
  }
  std::unique_ptr<kafka::Producer> acquire_healthy() {
    return bench_.acquire(PoolBench::sasl(SaslMechanism::kScramSha512), topic_, nullptr, "healthy");
  }
  void note(const char* what, std::chrono::steady_clock::time_point begin) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    RecordProperty(what, std::to_string(took.count()));
    std::cout << what << ": " << took.count() << " ms\n";
  }

  KafkaAdmin admin_;
  std::string topic_;
  std::string user_;
  std::vector<SilentBroker> brokers_{kSilent};
  PoolBench bench_;
  std::vector<std::unique_ptr<kafka::Producer>> silent_;
};

TEST_F(BesideSilentBrokers, AHealthyDestinationConnectsAtOnce) {
  acquire_silent();
  const auto begin = std::chrono::steady_clock::now();
  const auto healthy = acquire_healthy();
  EXPECT_TRUE(eventually([&] { return healthy->status().connected; }, 15s));
  note("connected_ms", begin);
  for (const auto& one : silent_) EXPECT_FALSE(one->status().connected);
}

TEST_F(BesideSilentBrokers, OneThatComesLaterConnectsAtOnceToo) {
  acquire_silent();
  // All of them have been found silent once.
  ASSERT_TRUE(eventually([&] { return !silent_.back()->status().last_error.empty(); }, 60s));
  const auto begin = std::chrono::steady_clock::now();
  const auto healthy = acquire_healthy();
  EXPECT_TRUE(eventually([&] { return healthy->status().connected; }, 15s));
  note("connected_ms", begin);
}

TEST_F(BesideSilentBrokers, ARotationIsNotKeptWaiting) {
  const auto healthy = acquire_healthy();
  ASSERT_TRUE(eventually([&] { return healthy->status().credential_generation == 1; }));
  acquire_silent();
  admin_.set_scram_password(user_, "second");
  const auto begin = std::chrono::steady_clock::now();
  bench_.write_secret(PoolBench::scram_line(user_, "second"));
  EXPECT_TRUE(eventually([&] { return healthy->status().credential_generation == 2; }, 15s));
  note("rotated_ms", begin);
}

class BesideATopicWithoutALeader : public ::testing::Test {
 protected:
  BesideATopicWithoutALeader() {
    cluster_.create_topic("stuck");
    cluster_.create_topic("healthy");
    cluster_.take_leader("stuck");  // before anybody asks: the mock cannot bear records for such a partition
    auto options = PoolBench::quick_options();
    options.queue_messages = 1'000;
    bench_.make_pool(options);
    settings_ = PoolBench::plaintext();
    settings_.bootstrap_servers = cluster_.servers();
  }
  static std::vector<Outgoing> records(int count, std::size_t size = 10) {
    return std::vector<Outgoing>(static_cast<std::size_t>(count), Outgoing{std::nullopt, std::string(size, 'x')});
  }

  MockCluster cluster_;
  PoolBench bench_;
  kafka::ConnectionSettings settings_;
};

TEST_F(BesideATopicWithoutALeader, TheOthersOfItsConnectionGoOn) {
  const auto stuck = bench_.acquire(settings_, "stuck", nullptr, "stuck");
  const auto healthy = bench_.acquire(settings_, "healthy", nullptr, "healthy");
  ASSERT_TRUE(delivered(*healthy, records(1)));
  ASSERT_EQ(bench_.pool().identities(), 1U);
  auto waiting = send(*stuck, records(3'000));  // more than the client's queue holds
  for (int i = 0; i < 5; ++i) {
    const auto report = report_of(send(*healthy, records(700)), 10s);
    EXPECT_THAT(report.failures, IsEmpty());
  }
  EXPECT_EQ(waiting.wait_for(0s), std::future_status::timeout);
  cluster_.give_leader("stuck");
  EXPECT_THAT(report_of(std::move(waiting)).failures, IsEmpty()) << "and nothing of it is lost";
}

TEST_F(BesideATopicWithoutALeader, TheStateSaysWhatItsRecordsWaitFor) {
  const auto stuck = bench_.acquire(settings_, "stuck", nullptr, "stuck");
  const auto healthy = bench_.acquire(settings_, "healthy", nullptr, "healthy");
  auto waiting = send(*stuck, records(1));
  EXPECT_TRUE(eventually([&] {
    stuck->inquire();
    return !stuck->status().topic_trouble.empty();
  }));
  EXPECT_THAT(stuck->status().topic_trouble, HasSubstr("Kafka topic stuck: 1 of 1 partitions have no leader"));
  EXPECT_TRUE(stuck->status().connected);
  EXPECT_THAT(healthy->status().topic_trouble, IsEmpty());
  cluster_.give_leader("stuck");
  EXPECT_THAT(report_of(std::move(waiting)).failures, IsEmpty());
  EXPECT_TRUE(eventually([&] {
    stuck->inquire();
    return stuck->status().topic_trouble.empty();
  }));
}

}  // namespace
}  // namespace embergate::test
