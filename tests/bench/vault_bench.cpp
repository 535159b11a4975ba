// SPDX-License-Identifier: Apache-2.0
// What a cached access to a secret costs beside the three system calls that it cannot do without, and what a round of
// polling costs.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embergate/observability/log.hpp"
#include "embergate/vault/cache.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

void bare_open_fstat_close(benchmark::State& state) {
  const test::TempDir dir;
  const auto path = dir.write("secret", "value");
  for (auto _ : state) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status{};
    benchmark::DoNotOptimize(::fstat(descriptor, &status));
    ::close(descriptor);
  }
}
BENCHMARK(bare_open_fstat_close);

SecretCache::Options quiet_options() {
  SecretCache::Options options;
  options.start_poll_thread = false;
  options.racy_age = 0ms;
  options.ttl = 1h;
  return options;
}

void cached_access(benchmark::State& state) {
  observability::log::capture([](std::string_view) {});
  const test::TempDir dir;
  const auto config =
      VaultConfig::parse(R"({"secret":{"s":{"path":")" + dir.write("secret", "value") + R"(","scope":["Client/a"]}}})");
  observability::Metrics metrics;
  SecretCache cache(*config, quiet_options(), core::system_clock(), metrics);
  const auto name = *make_secret_name("s");
  const Requester requester{"Client", "a", "secret"};
  static_cast<void>(cache.resolve(name, requester, ContentKind::kSingleLine, Use::kInbound));
  for (auto _ : state)
    benchmark::DoNotOptimize(cache.resolve(name, requester, ContentKind::kSingleLine, Use::kOutboundRunning));
}
BENCHMARK(cached_access);

void poll_of_1000_unchanged_names(benchmark::State& state) {
  observability::log::capture([](std::string_view) {});
  constexpr int kNames = 1'000;
  const test::TempDir dir;
  std::string entries;
  for (int i = 0; i < kNames; ++i) {
    const auto name = "s" + std::to_string(i);
    entries +=
        (i == 0 ? "\"" : ",\"") + name + R"(":{"path":")" + dir.write(name, "value") + R"(","scope":["Client/a"]})";
  }
  observability::Metrics metrics;
  SecretCache cache(*VaultConfig::parse("{\"secret\":{" + entries + "}}"), quiet_options(), core::system_clock(),
                    metrics);
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < kNames; ++i) {
    watches.push_back(
        cache.watch(*make_secret_name("s" + std::to_string(i)), ContentKind::kSingleLine, [](std::uint64_t) {}));
  }
  static_cast<void>(test::eventually([&] {
    cache.poll_once();
    const auto reports = cache.reports_in_use();
    return std::all_of(reports.begin(), reports.end(), [](const Report& one) { return one.state == State::kOk; });
  }));
  for (auto _ : state) cache.poll_once();
}
BENCHMARK(poll_of_1000_unchanged_names)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace embergate::vault
