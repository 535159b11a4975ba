// SPDX-License-Identifier: Apache-2.0
// FA-14: the n-th allocation fails, for every n on the way from a changed file to a new value. Not where a sanitizer
// has these operators for itself.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>

#include "embergate/vault/cache.hpp"
#include "support/fake_clock.hpp"
#include "unit/vault/scripted_files.hpp"

namespace {
constexpr long kNever = std::numeric_limits<long>::max();
std::atomic<long> allocations_left{kNever};
std::atomic<bool> armed{false};

void* allocate(std::size_t bytes) {
  if (armed.load(std::memory_order_relaxed) && allocations_left.fetch_sub(1) == 1) throw std::bad_alloc();
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

constexpr auto* kOneSecret = R"({"secret":{"c1":{"path":"/run/c1","scope":["Client/a"]}}})";

class AllocationFailure : public ::testing::Test {
 protected:
  AllocationFailure() {
    options_.start_poll_thread = false;
    files_->put(kOld);
    cache_.emplace(*VaultConfig::parse(kOneSecret), options_, clock_, metrics_, files_);
    (void)value();
    clock_.advance(100ms);
  }
  std::string value() {
    const auto value = cache_->resolve(name_, requester_, ContentKind::kSingleLine, Use::kInbound);
    return value ? value->secret->with_plaintext([](std::string_view text) { return std::string(text); })
                 : "(" + value.error().diagnostics + ")";
  }
  // Whether the failure was met at all.
  bool resolve_with_failure_at(long n) {
    allocations_left = n;
    armed = true;
    try {
      (void)cache_->resolve(name_, requester_, ContentKind::kSingleLine, Use::kInbound);
    } catch (const std::bad_alloc&) {
      // A caller without memory is told so; the program's other threads go on.
    }
    armed = false;
    return allocations_left <= 0;
  }

  static constexpr const char* kOld = "old-value-that-is-long-enough-to-be-on-the-heap";
  static constexpr const char* kNew = "new-value-that-is-long-enough-to-be-on-the-heap";
  const SecretName name_ = *make_secret_name("c1");
  const Requester requester_{"Client", "a", "secret"};
  test::FakeClock clock_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  std::shared_ptr<test::ScriptedFiles> files_ = std::make_shared<test::ScriptedFiles>();
  std::optional<SecretCache> cache_;
};

TEST_F(AllocationFailure, FA14_AtAnyPointOfARotationKeepsTheLastGoodValueAndRecovers) {
  ASSERT_EQ(value(), kOld);
  bool met = true;
  int failures = 0;
  for (long n = 1; met && n < 1'000; ++n) {
    const auto* wanted = n % 2 == 1 ? kNew : kOld;
    const auto* before = n % 2 == 1 ? kOld : kNew;
    files_->put(wanted);
    const bool candidate = resolve_with_failure_at(n);
    const auto between = value();
    EXPECT_TRUE(between == before || between == wanted) << n << ": " << between;
    clock_.advance(100ms);
    const bool acceptance = resolve_with_failure_at(n);
    met = candidate || acceptance;
    failures += met ? 1 : 0;
    for (int i = 0; i < 3 && value() != wanted; ++i) clock_.advance(100ms);
    EXPECT_EQ(value(), wanted) << n;
    EXPECT_EQ(cache_->report(name_).state, State::kOk) << n;
  }
  EXPECT_FALSE(met);
  EXPECT_GT(failures, 20);
}

}  // namespace
}  // namespace embergate::vault
#endif
