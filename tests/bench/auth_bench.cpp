// SPDX-License-Identifier: Apache-2.0
// Does the time of a refused login tell whether the client exists, or how much of its secret was right (AL-14, S-28)?
// Kinds of wrong logins take turns in random order, 10,000 of each where the secret is a file's, 300 where it is a slow
// hash; of each kind the slowest hundredth is left out. Prints medians, and for each pair of kinds Welch's t and the
// difference of the means in standard deviations; more than a tenth of one that is no chance
// is a miss.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "embergate/observability/log.hpp"
#include "integration/auth/auth_world.hpp"

namespace {

using namespace embergate;

constexpr double kMark = 0.1;
constexpr double kSignificant = 3.3;  // one pair in a thousand is beyond it by chance

struct Kind {
  std::string name;
  std::string credential;
  std::vector<double> microseconds;
};

struct Moments {
  double median = 0;
  double mean = 0;
  double variance = 0;
  double count = 0;
};

Moments moments_of(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  samples.resize(samples.size() - samples.size() / 100);
  Moments found;
  found.count = static_cast<double>(samples.size());
  found.median = samples[samples.size() / 2];
  for (const double sample : samples) found.mean += sample / found.count;
  for (const double sample : samples) found.variance += (sample - found.mean) * (sample - found.mean);
  found.variance /= found.count - 1;
  return found;
}

void measure(auth::AuthWorld& world, std::vector<Kind>& kinds, std::size_t samples) {
  std::vector<std::size_t> order(kinds.size() * samples);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i % kinds.size();
  std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  for (const std::size_t kind : order) {
    const auto begin = std::chrono::steady_clock::now();
    if (world.login(kinds[kind].credential)) throw std::logic_error("a wrong secret was accepted");
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    kinds[kind].microseconds.push_back(time.count());
  }
}

void report(const std::string& title, const std::vector<Kind>& kinds) {
  fmt::print("{}\n", title);
  std::vector<Moments> moments;
  for (const Kind& kind : kinds) {
    moments.push_back(moments_of(kind.microseconds));
    fmt::print("  {:<22} median {:>10.2f} us, deviation {:>8.2f} us\n", kind.name, moments.back().median,
               std::sqrt(moments.back().variance));
  }
  for (std::size_t a = 0; a < kinds.size(); ++a) {
    for (std::size_t b = a + 1; b < kinds.size(); ++b) {
      const double difference = moments[a].mean - moments[b].mean;
      const double error = std::sqrt(moments[a].variance / moments[a].count + moments[b].variance / moments[b].count);
      const double effect = difference / std::sqrt((moments[a].variance + moments[b].variance) / 2);
      fmt::print("  {:<46} t {:>6.2f}, effect {:>6.3f} {}\n", kinds[a].name + " - " + kinds[b].name, difference / error,
                 effect, std::abs(effect) > kMark && std::abs(difference / error) > kSignificant ? "MISSED" : "ok");
    }
  }
}

std::vector<Kind> wrong_logins() {
  return {{"unknown client", "nobody:0123456789abcdef", {}},
          {"wrong in its first byte", "intake:x123456789abcdef", {}},
          {"wrong in its last byte", "intake:0123456789abcdex", {}},
          {"root client", "root:0123456789abcdef", {}}};
}

auth::AuthOptions unlimited() {
  auth::AuthOptions options;
  options.failures_per_minute = 1'000'000;
  options.failures_per_address = 1'000'000;
  options.failures_per_client = 1'000'000;
  return options;
}

void measure_references() {
  auth::AuthWorld world(unlimited());
  world.volume.write({{"client", "0123456789abcdef\n"}});
  world.put_client_by_reference("intake", "intake");
  auto kinds = wrong_logins();
  measure(world, kinds, 200);
  for (Kind& kind : kinds) kind.microseconds.clear();
  measure(world, kinds, 10'000);
  report("the secret is a file's", kinds);
}

void measure_hashes() {
  auth::AuthWorld world(unlimited());
  world.put_client_with_secret("intake", "0123456789abcdef");
  auto kinds = wrong_logins();
  measure(world, kinds, 300);
  report("the secret is kept as a slow hash", kinds);
}

}  // namespace

int main() {
  observability::log::capture([](std::string_view) {});
  measure_references();
  measure_hashes();
}
