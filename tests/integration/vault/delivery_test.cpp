// SPDX-License-Identifier: Apache-2.0
// Every way of delivery, three rotations each: the second is the one that others missed.
#include <mutex>

#include "integration/vault/delivery_fixture.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using test::delivery::Kind;

constexpr int kRotations = 3;

std::string version(int number) { return "value-" + std::to_string(number); }

class EachDelivery : public DeliveryFixture, public ::testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override {
    ASSERT_EQ(test::delivery::obstacle(kind_), "") << kind_.name << " cannot be simulated on this machine";
    // Longer than a writer of parts ever takes from one part to the next.
    if (kind_.promise.torn) options_.quiet = 300ms;
    method_ = kind_.make(dir_.path() / "delivered");
    publish(0);
    serve(method_->path("key"), method_->files(machine_file_system()));
    ASSERT_TRUE(comes(version(0)));
  }

  void publish(int number, const test::delivery::Hook& hook = {}) {
    method_->write({{"key", version(number)}, {"other", "neighbour-" + std::to_string(number)}}, hook);
  }

  const Kind kind_ = GetParam();
  std::unique_ptr<test::delivery::Method> method_;
};

TEST_P(EachDelivery, ShowsTheOldValueOrTheNewOneBetweenAnyTwoSteps) {
  const Use use = kind_.promise.torn ? Use::kOutboundAttempt : Use::kInbound;  // the former does not wait
  for (int i = 1; i <= kRotations; ++i) {
    const std::string before = version(kind_.promise.rotates ? i - 1 : 0);
    const std::string after = version(i);
    publish(i, [&](std::string_view step) {
      EXPECT_THAT(value(use), testing::AnyOf(before, after)) << kind_.name << " after step: " << step;
    });
    if (kind_.promise.rotates) {
      EXPECT_TRUE(comes(after)) << kind_.name << ": " << report().reason;
    } else {
      EXPECT_EQ(value(), version(0)) << kind_.name << " cannot rotate";
    }
  }
  // A disk that failed is told until the next look at the file.
  EXPECT_TRUE(test::eventually([&] {
    static_cast<void>(value());
    return report().state == State::kOk;
  })) << report().reason;
}

TEST_P(EachDelivery, GivesOneGenerationForEachValue) {
  for (int i = 1; i <= kRotations; ++i) {
    publish(i);
    if (kind_.promise.rotates) {
      EXPECT_TRUE(comes(version(i)));
    }
  }
  EXPECT_EQ(report().generation, kind_.promise.rotates ? kRotations + 1U : 1U) << kind_.name;
}

TEST_P(EachDelivery, TellsAWatcherWithoutAnyRequest) {
  std::mutex mutex;
  std::uint64_t told = 0;
  const auto watch = cache_->watch(name_, ContentKind::kSingleLine, [&](std::uint64_t generation) {
    const std::lock_guard lock(mutex);
    told = generation;
  });
  for (int i = 1; i <= 3 && kind_.promise.rotates; ++i) {
    publish(i);
    EXPECT_TRUE(test::eventually([&] {
      const std::lock_guard lock(mutex);
      return told == static_cast<std::uint64_t>(i + 1);
    })) << kind_.name
        << ", rotation " << i;
  }
  EXPECT_EQ(value(), version(kind_.promise.rotates ? 3 : 0));
}

std::string test_name(const ::testing::TestParamInfo<Kind>& info) {
  std::string name(info.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, EachDelivery, ::testing::ValuesIn(test::delivery::kinds()), test_name);

}  // namespace
}  // namespace embergate::vault
