// SPDX-License-Identifier: Apache-2.0
// One directory, written by all sorts of programs in turn, while others read it without pause. EG_SOAK_SECONDS (3)
// makes it longer.
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "integration/vault/delivery_fixture.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::chrono::seconds soak_time() {
  const char* text = std::getenv("EG_SOAK_SECONDS");
  const int seconds = text == nullptr ? 0 : std::atoi(text);
  return std::chrono::seconds(seconds > 0 ? seconds : 3);
}

// All of one length, so that a mixture of two would be as long as a whole one.
std::string long_version(int number) {
  const std::string digits = std::to_string(1'000'000 + number);
  return digits + "-secret-" + digits;
}
int number_of(const std::string& text) {
  const int number = text.size() == long_version(0).size() ? std::atoi(text.c_str()) - 1'000'000 : -1;
  return number >= 0 && text == long_version(number) ? number : -1;
}

class DeliverySoak : public DeliveryFixture {
 protected:
  DeliverySoak() {
    options_.quiet = 200ms;  // longer than any of these writers pauses within a file
    options_.ttl = 2s;
  }

  // Readers run until stop(): each value one that was published whole, none older than the one before.
  void start_readers() {
    for (int i = 0; i < 2; ++i) {
      readers_.emplace_back([this] {
        int last = 0;
        while (!stopping_) {
          const std::string seen = value(Use::kOutboundAttempt);
          const int number = number_of(seen);
          if (number < last || number > published_) ++wrong_;
          last = std::max(last, number);
          ++reads_;
        }
      });
    }
  }
  void stop_readers() {
    stopping_ = true;
    for (std::thread& reader : readers_) reader.join();
    EXPECT_EQ(wrong_, 0);
    EXPECT_GT(reads_, 100);
  }

  // `write` publishes a version; at random moments, so that some are overtaken before they settle.
  template <class Write>
  void run(const Write& write) {
    write(0);
    ASSERT_TRUE(comes(long_version(0)));
    start_readers();
    const auto end = Clock::now() + soak_time();
    int number = 0;
    while (Clock::now() < end) {
      published_ = ++number;
      write(number);
      test::eventually([] { return false; }, std::chrono::milliseconds(random_() % 400));
    }
    EXPECT_TRUE(test::eventually([&] { return value() == long_version(number); }, options_.ttl + 2s))
        << "the newest value did not come: " << report().reason;
    stop_readers();
    EXPECT_GT(number, 5);
  }

  std::mt19937 random_{std::random_device{}()};
  std::atomic<bool> stopping_{false};
  std::atomic<int> published_{0};
  std::atomic<int> wrong_{0};
  std::atomic<int> reads_{0};
  std::vector<std::thread> readers_;
};

TEST_F(DeliverySoak, RM02_AllSortsOfWritersInTurnNeverShowAnythingButWholeValues) {
  std::vector<std::unique_ptr<test::delivery::Method>> methods;
  for (const test::delivery::Kind& kind : test::delivery::kinds()) {
    if (kind.promise.same_path) methods.push_back(kind.make(dir_.path() / "delivered"));
  }
  ASSERT_GE(methods.size(), 9U);
  serve(methods.front()->path("key"));
  run([&](int number) { methods[random_() % methods.size()]->write({{"key", long_version(number)}}); });
}

TEST_F(DeliverySoak, RM02_AKubeletInAHurryNeverShowsAnythingButWholeValues) {
  const auto method = test::delivery::kind("kubelet").make(dir_.path() / "delivered");
  method->write({{"key", long_version(0)}});
  serve(method->path("key"));
  run([&](int number) { method->write({{"key", long_version(number)}, {"other", std::to_string(number)}}); });
}

}  // namespace
}  // namespace embergate::vault
