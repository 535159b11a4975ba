// SPDX-License-Identifier: Apache-2.0
// A cache that reads what a simulated delivery writes. Thread: one test. Failure: as GoogleTest shows it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "embergate/vault/cache.hpp"
#include "support/delivery/method.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {

class DeliveryFixture : public ::testing::Test {
 protected:
  DeliveryFixture() {
    using namespace std::chrono_literals;
    options_.ttl = 1h;  // nothing may depend on the re-read by age
    options_.poll = 20ms;
    options_.quiet = 50ms;
    options_.grace = 10s;
  }

  void serve(const std::string& path, std::shared_ptr<FileSystem> files = machine_file_system()) {
    const auto config = VaultConfig::parse(R"({"secret":{"c1":{"path":")" + path + R"(","scope":["Client/a"]}}})");
    ASSERT_TRUE(config) << config.error().diagnostics;
    cache_.emplace(*config, options_, core::system_clock(), metrics_, std::move(files));
  }

  std::string value(Use use = Use::kInbound) {
    const auto found = cache_->resolve(name_, {"Client", "a", "secret"}, ContentKind::kSingleLine, use);
    return found ? found->secret->with_plaintext([](std::string_view text) { return std::string(text); })
                 : "(" + report().reason + ")";
  }
  [[nodiscard]] Report report() const { return cache_->report(name_); }
  bool comes(const std::string& wanted) {
    return test::eventually([&] { return value() == wanted; });
  }

  test::TempDir dir_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  std::optional<SecretCache> cache_;
  const SecretName name_ = *make_secret_name("c1");
};

}  // namespace embergate::vault
