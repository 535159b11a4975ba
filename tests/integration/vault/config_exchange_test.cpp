// SPDX-License-Identifier: Apache-2.0
// The vault config is exchanged by the poll thread while others read, watch and report (R-49): for ThreadSanitizer, and
// for what each of them may see.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "embergate/vault/bundle.hpp"
#include "embergate/vault/cache.hpp"
#include "support/atomic_volume.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

TEST(ConfigExchange, UnderReadersGivesEachOfThemAValueOrAReason) {
  constexpr int kExchanges = 30;
  const test::TempDir dir;
  const std::string path = dir.file("vault.json");
  const SecretName name = *make_secret_name("a");
  const auto write = [&](const std::string& id, const std::string& file) {
    test::replace_by_rename(
        path, R"({"secret":{"a":{"path":")" + dir.write(file, file) + R"(","scope":["Client/)" + id + "\"]}}}");
  };
  write("a", "first");
  SecretCache::Options options;
  options.poll = 10ms;
  options.quiet = 1ms;
  options.config_path = path;
  options.config_reader = [&](const std::string& text) { return VaultConfig::parse_file(path, text, {}); };
  observability::Metrics metrics;
  SecretCache cache(*VaultConfig::load(path), options, core::system_clock(), metrics);
  const Requester requester{"Client", "a", "secret"};
  std::atomic<int> exchanged{0};
  const auto watch = cache.watch_config([&] { ++exchanged; });
  const auto bundle = cache.bundle({{name, ContentKind::kSingleLine, {}, {}}});
  std::atomic<int> strange{0};
  const auto judge = [&](const auto& found) {
    if (!found && found.error().code != core::ErrorCode::kForbidden &&
        found.error().code != core::ErrorCode::kUnavailable)
      ++strange;
  };
  std::vector<std::jthread> readers;
  const auto read_on = [&](auto&& once) {
    readers.emplace_back([once](const std::stop_token& over) {
      while (!over.stop_requested()) once();
    });
  };
  read_on([&] { judge(cache.resolve(name, requester, ContentKind::kSingleLine, Use::kInbound)); });
  read_on([&] { judge(cache.refresh(name, requester, ContentKind::kSingleLine, Use::kInbound, 1)); });
  read_on([&] { judge(bundle->resolve(requester, Use::kOutboundRunning)); });
  read_on([&] { (void)cache.report_all(); });
  for (int i = 0; i < kExchanges; ++i) {
    const int before = exchanged;
    write(i % 2 == 0 ? "other" : "a", i % 3 == 0 ? "second" : "first");
    EXPECT_TRUE(test::eventually([&] { return exchanged > before; })) << i;
  }
  readers.clear();
  EXPECT_EQ(strange, 0);
  EXPECT_TRUE(cache.resolve(name, requester, ContentKind::kSingleLine, Use::kOutboundRunning));
}

}  // namespace
}  // namespace embergate::vault
