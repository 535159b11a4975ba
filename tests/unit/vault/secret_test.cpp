// SPDX-License-Identifier: Apache-2.0
// What must not compile is asked of the compiler here, so that a convenience added later turns this test red (S-22).
#include "embergate/vault/secret.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <gtest/gtest.h>

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
