// SPDX-License-Identifier: Apache-2.0
// What must not compile is asked of the compiler here, so that a convenience added later turns this test red (S-22).
#include "embergate/vault/secret.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace embergate::vault {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept JsonWritable = requires(nlohmann::json& json, const T& value) { to_json(json, value); };

static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(fmt::is_formattable<std::string>::value);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!JsonWritable<Secret>);
static_assert(!std::is_constructible_v<nlohmann::json, const Secret&>);
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(std::is_nothrow_move_assignable_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!std::equality_comparable<Secret>);

std::string copy_of(const Secret& secret) {
  return secret.with_plaintext([](std::string_view text) { return std::string(text); });
}

TEST(Secret, GivesItsBytesThroughTheDoor) {
  const Secret secret("correct horse");
  EXPECT_EQ(copy_of(secret), "correct horse");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, IsEmptyAfterItWasMovedFrom) {
  Secret first("a short one");
  const Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(copy_of(second), "a short one");
  Secret third("what is overwritten");
  third = Secret("what comes");
  EXPECT_EQ(copy_of(third), "what comes");
}

TEST(Secret, LeavesNothingInAShortStringThatItWasMovedFrom) {
  Secret first("15-bytes-inside");
  const Secret second(std::move(first));
  const char* object = reinterpret_cast<const char*>(&first);
  EXPECT_EQ(std::string_view(object, sizeof first).find("bytes"), std::string_view::npos);
}

TEST(Secret, KeepsBytesOfAnySizeAndUsesTheirMemoryAgain) {
  const char* place = nullptr;
  for (const std::size_t size : {1UL, 32UL, 33UL, 4'096UL, 65'536UL, 65'537UL, 1'048'576UL}) {
    const Secret secret(std::string(size, 'x'));
    EXPECT_EQ(copy_of(secret), std::string(size, 'x'));
  }
  {
    const Secret secret("nineteen bytes long");
    place = secret.with_plaintext([](std::string_view text) { return text.data(); });
  }
  // What the next one finds there is its own, and nothing of the last is behind it.
  const Secret next("next");
  next.with_plaintext([&](std::string_view text) {
    EXPECT_EQ(text.data(), place);
    EXPECT_EQ(std::string_view(place, 32).find("bytes"), std::string_view::npos);
  });
}

TEST(Secret, LiesInPagesThatAreNotDumped) {
  const Secret secret(std::string(100, 's'));
  const auto address =
      secret.with_plaintext([](std::string_view text) { return reinterpret_cast<std::uintptr_t>(text.data()); });
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  std::string flags;
  for (std::string line; std::getline(maps, line) && flags.empty();) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) inside = begin <= address && address < end;
    if (inside && line.starts_with("VmFlags:")) flags = line;
  }
  EXPECT_NE(flags.find(" dd"), std::string::npos) << flags;
}

TEST(Wipe, OverwritesAlsoWhatLiesBehindTheEnd) {
  std::string bytes(100, 'x');
  bytes.resize(3);
  const char* data = bytes.data();
  wipe(bytes);
  EXPECT_TRUE(bytes.empty());
  bytes.resize(100);  // the same buffer, now zeros where the old bytes were
  ASSERT_EQ(bytes.data(), data);
  EXPECT_EQ(bytes.find('x'), std::string::npos);
}

}  // namespace
}  // namespace embergate::vault
