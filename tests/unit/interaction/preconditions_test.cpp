// SPDX-License-Identifier: Apache-2.0
#include "embergate/interaction/preconditions.hpp"

#include <gtest/gtest.h>

#include "embergate/core/time_format.hpp"

namespace embergate::interaction {
namespace {

using core::ErrorCode;

EntityTags tags(const std::string& text) {
  auto parsed = EntityTags::parse(text, "If-Match");
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

TEST(EntityTags, EveryFormOfTheVersionMeetsIt) {
  for (const char* text : {"\"7\"", "W/\"7\"", "7", " W/\"0\" ,\t\"7\"", "\"x\", W/\"7\"", "*", "\"a,b\",\"7\""})
    EXPECT_TRUE(tags(text).meet(7)) << text;
  for (const char* text : {"W/\"70\"", "\"07\"", "W/\"0\", \"00\"", "\"\"", "\"x\"", "6"})
    EXPECT_FALSE(tags(text).meet(7)) << text;
}

TEST(EntityTags, EmptyElementsOfAListCountAsNotThere) {
  for (const char* text : {"\"6\",,\"7\"", ",\"7\"", "W/\"7\" , ,"}) EXPECT_TRUE(tags(text).meet(7)) << text;
}

TEST(EntityTags, NoVersionIsMetByNone) {
  EXPECT_FALSE(tags("*").meet(std::nullopt));
  EXPECT_FALSE(tags("").asked());
  EXPECT_FALSE(tags("").meet(7));
  EXPECT_TRUE(tags("\"x\"").asked());
}

TEST(EntityTags, WhatIsNoListOfTagsIsRefusedByItsName) {
  for (const char* text : {"abc", "\"7", "W/7", "\"7\" \"8\"", "*, \"7\"", ", ,", "w/\"7\"", "\"a b\"", ","}) {
    const auto refused = EntityTags::parse(text, "request.ifMatch");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::kMalformed);
    EXPECT_NE(refused.error().diagnostics.find("request.ifMatch"), std::string::npos);
  }
}

class PreconditionsTest : public testing::Test {
 protected:
  static core::SystemTime at(const char* time) { return *core::parse_instant(time); }
  const CurrentVersion current{7, at("2026-03-01T08:15:30.4Z")};
  Preconditions asked;
};

TEST_F(PreconditionsTest, AWriteNeedsWhatIfMatchNames) {
  asked.if_match = EntityTags::of(7);
  EXPECT_TRUE(check_write(asked, current));
  EXPECT_EQ(check_write(asked, std::nullopt).error().code, ErrorCode::kPreconditionFailed);
  asked.if_match = EntityTags::of(6);
  EXPECT_EQ(check_write(asked, current).error().code, ErrorCode::kPreconditionFailed);
}

TEST_F(PreconditionsTest, AWriteMustNotMeetIfNoneMatch) {
  asked.if_none_match = EntityTags::any();
  EXPECT_TRUE(check_write(asked, std::nullopt));
  EXPECT_EQ(check_write(asked, current).error().code, ErrorCode::kPreconditionFailed);
  asked.if_none_match = EntityTags::of(6);
  EXPECT_TRUE(check_write(asked, current));
}

TEST_F(PreconditionsTest, DatesCountInWholeSeconds) {
  asked.if_unmodified_since = at("2026-03-01T08:15:30Z");
  EXPECT_TRUE(check_write(asked, current));
  asked.if_unmodified_since = at("2026-03-01T08:15:29Z");
  EXPECT_EQ(check_write(asked, current).error().code, ErrorCode::kPreconditionFailed);
  asked.if_match = EntityTags::of(7);  // goes first (RFC 9110 13.2.2)
  EXPECT_TRUE(check_write(asked, current));
}

TEST_F(PreconditionsTest, AReadIsNotNeededForWhatTheCallerHas) {
  EXPECT_FALSE(check_read(asked, current).value());
  asked.if_modified_since = at("2026-03-01T08:15:30Z");
  EXPECT_TRUE(check_read(asked, current).value());
  asked.if_none_match = EntityTags::of(6);  // goes first
  EXPECT_FALSE(check_read(asked, current).value());
  asked.if_none_match = EntityTags::of(7);
  EXPECT_TRUE(check_read(asked, current).value());
  asked.if_match = EntityTags::of(6);
  EXPECT_EQ(check_read(asked, current).error().code, ErrorCode::kPreconditionFailed);
}

TEST_F(PreconditionsTest, AChangeLaterInTheSameSecondIsSeenFromAnInstantThatSaysMore) {
  asked.if_modified_since = at("2026-03-01T08:15:30.1Z");
  EXPECT_FALSE(check_read(asked, current).value());
  asked.if_modified_since = at("2026-03-01T08:15:30.4Z");
  EXPECT_TRUE(check_read(asked, current).value());
}

}  // namespace
}  // namespace embergate::interaction
