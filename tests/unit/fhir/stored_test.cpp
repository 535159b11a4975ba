// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/stored.hpp"

#include <gtest/gtest.h>

#include <string>

#include "embergate/fhir/edit.hpp"

namespace embergate::fhir {
namespace {

constexpr std::string_view kUrl = "ex:createdAt";

ParseLimits small_limits() {
  ParseLimits limits;
  limits.max_bytes = 2'000;
  limits.max_tokens = 300;
  return limits;
}

std::string of_size(std::size_t bytes) {
  const std::string head = R"({"resourceType":"Patient","id":"p","language":")";
  return head + std::string(bytes - head.size() - 2, 'x') + "\"}";
}

std::string of_tokens(std::size_t tokens) {
  std::string text = R"({"resourceType":"Patient","deceased":[)";  // 7 tokens with the closing brackets
  for (std::size_t i = 7; i < tokens; ++i) text += i == 7 ? "1" : ",1";
  return text + "]}";
}

std::string stamped(const Resource& resource, std::int64_t version) {
  return stamp(resource, {"p", version, core::SystemTime{}, core::SystemTime{}, kUrl});
}

TEST(StoredText, WhatWasStoredParsesWhateverTheLimitsOnCallersAre) {
  std::string deep = R"({"resourceType":"Basic","extension":[)";
  for (int i = 0; i < 120; ++i) deep += R"({"extension":[)";
  for (int i = 0; i < 120; ++i) deep += "]}";
  deep += "]}";
  EXPECT_EQ(Resource::parse(deep).error().code, core::ErrorCode::kTooLarge);
  EXPECT_TRUE(parse_stored(deep));
  EXPECT_TRUE(parse_stored(of_size(21'000'000)));
  EXPECT_TRUE(parse_stored(of_tokens(2'000'100)));
  EXPECT_EQ(parse_stored("{").error().code, core::ErrorCode::kMalformed);
}

TEST(StoredText, AResourceAtALimitIsTakenAndSoIsWhatBecameOfItAgainAndAgain) {
  const InputLimits limits = input_limits(small_limits(), kUrl);
  for (const std::string& text : {of_size(2'000), of_tokens(300)}) {
    auto resource = parse_input(text, limits);
    ASSERT_TRUE(resource) << resource.error().diagnostics;
    std::int64_t version = 9;
    for (int digits = 1; digits <= 18; ++digits) {
      const std::string next = stamped(**resource, version);
      ASSERT_TRUE(check_can_come_back(**resource, next, limits)) << version;
      resource = parse_input(next, limits);
      ASSERT_TRUE(resource) << version << ": " << resource.error().diagnostics;
      if (digits < 18) version = version * 10 + 9;
    }
  }
}

TEST(StoredText, TheRoomForTheStampIsNoRoomForTheCaller) {
  const InputLimits limits = input_limits(small_limits(), kUrl);
  EXPECT_EQ(parse_input(of_size(2'001), limits).error().code, core::ErrorCode::kTooLarge);
  EXPECT_EQ(parse_input(of_tokens(301), limits).error().code, core::ErrorCode::kTooLarge);
  EXPECT_EQ(parse_input(std::string(2'001, ' '), limits).error().code, core::ErrorCode::kTooLarge);
  EXPECT_EQ(parse_input("{", limits).error().code, core::ErrorCode::kMalformed);
}

// Whoever writes a meta.versionId into a text of his own gets the room, but cannot store what would not come back.
TEST(StoredText, WhatCouldNotComeBackIsNotStored) {
  const InputLimits limits = input_limits(small_limits(), kUrl);
  std::string text = of_size(limits.returned.max_bytes - 25);
  text.insert(text.size() - 1, R"(,"meta":{"versionId":"1"})");
  const auto resource = parse_input(text, limits);
  ASSERT_TRUE(resource) << resource.error().diagnostics;
  const auto checked = check_can_come_back(**resource, stamped(**resource, 1), limits);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, core::ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace embergate::fhir
