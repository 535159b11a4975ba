// SPDX-License-Identifier: Apache-2.0
// What 1,000 wrong logins a second cost those who have the right password: p99 of their requests with and without them,
// in turns. The guesses name another client each time, and so reach for the slow hash and the files.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/gateway/measurements.hpp"
#include "support/gateway_world.hpp"

namespace embergate::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kGuessesPerSecond = 1'000;
constexpr std::size_t kGuessers = 4;
constexpr std::size_t kRightPerSecond = 200;
constexpr double kMark = 1.5;

using Headers = test::HttpHeaders;

Headers basic(const std::string& id, const std::string& secret) {
  return {{"Authorization", "Basic " + test::base64(id + ":" + secret)}};
}

// Calls `send` at a pace until told to stop; one that is late is not made up for.
void at_pace(std::size_t per_second, const std::function<bool()>& go_on, const std::function<void()>& send) {
  const auto step = std::chrono::nanoseconds(1'000'000'000 / per_second);
  for (auto next = steady_clock::now(); go_on(); next = std::max(next + step, steady_clock::now() - step)) {
    std::this_thread::sleep_until(next);
    send();
  }
}

class Guessers {
 public:
  explicit Guessers(std::uint16_t port) {
    for (std::size_t i = 0; i < kGuessers; ++i) threads_.emplace_back([this, port, i] { guess(port, i); });
  }
  ~Guessers() { end(); }
  std::size_t end() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return answered_;
  }

 private:
  void guess(std::uint16_t port, std::size_t number) {
    test::HttpConnection connection(port, std::chrono::seconds(20), "127.0.0.1",
                                    "127.0.7." + std::to_string(number + 1));
    std::size_t count = 0;
    at_pace(
        kGuessesPerSecond / kGuessers, [this] { return !stop_; },
        [&] {
          const std::string id = fmt::format("nobody-{}-{}", number, count++);
          if (connection.request("GET", "/fhir/Patient/none", basic(id, "guess")).status >= 400) ++answered_;
        });
  }

  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> answered_{0};
  std::vector<std::thread> threads_;
};

// Milliseconds.
std::optional<double> right_p99(std::uint16_t port, const Headers& right, std::size_t seconds) {
  test::HttpConnection connection(port);
  std::vector<double> times;
  bool fine = true;
  const auto end = steady_clock::now() + std::chrono::seconds(seconds);
  at_pace(
      kRightPerSecond, [&] { return fine && steady_clock::now() < end; },
      [&] {
        const auto begin = steady_clock::now();
        fine = connection.request("GET", "/fhir/Patient/p1", right).status == 200;
        times.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
      });
  if (!fine || times.empty()) return std::nullopt;
  std::sort(times.begin(), times.end());
  return times[times.size() * 99 / 100];
}

bool prepare(test::GatewayWorld& world, const std::string& secret) {
  world.add_secret("intake-secret", secret, "Client", "intake");
  if (!world.start()) return false;
  auto root = world.root();
  using namespace test::samples;
  return root.put("/fhir/Client/intake", client_with_reference("intake", "intake-secret")).status() == 201 &&
         root.put("/fhir/Client/robot", client_with_inline_secret("robot", secret)).status() == 201 &&
         root.put("/fhir/AccessPolicy/allow-intake", allow_policy("intake")).status() == 201 &&
         root.put("/fhir/Patient/p1", patient("p1", "Doe")).status() == 201;
}

}  // namespace

Lines measure_guesses(const Settings& settings) {
  test::GatewayWorld world;
  const std::string secret = world.canary("intake");
  if (!prepare(world, secret)) return std::nullopt;
  const std::uint16_t port = world.gateway().port();
  const Headers right = basic("intake", secret);
  std::vector<double> quiet;
  std::vector<double> guessed;
  if (!right_p99(port, right, 1)) return std::nullopt;
  for (std::size_t turn = 0; turn < settings.turns; ++turn) {
    const auto without = right_p99(port, right, settings.seconds);
    Guessers guessers(port);
    const auto with = right_p99(port, right, settings.seconds);
    const std::size_t guesses = guessers.end();
    if (!without || !with) return std::nullopt;
    fmt::print("    turn {}: p99 {:.2f} ms without, {:.2f} ms beside {} guesses a second\n", turn + 1, *without, *with,
               guesses / settings.seconds);
    quiet.push_back(*without);
    guessed.push_back(*with);
  }
  Line line;
  line.what = "p99 of right logins, with 1,000 guesses a second";
  line.measured = fmt::format("{:.2f} ms", median(guessed));
  line.yardstick = fmt::format("{:.2f} ms", median(quiet));
  line.value = median(guessed) / median(quiet);
  line.expected = kMark;
  line.goal = 1.2;
  line.less_is_better = true;
  line.is_ratio = true;
  return std::vector<Line>{line};
}

}  // namespace embergate::bench
