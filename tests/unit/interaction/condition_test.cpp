// SPDX-License-Identifier: Apache-2.0
#include "interaction/condition.hpp"

#include <gtest/gtest.h>

namespace embergate::interaction {
namespace {

TEST(Condition, TheTypeMayStandBeforeItInEveryForm) {
  for (const char* text : {"identifier=a|b", "?identifier=a|b", "Task?identifier=a|b", "/Task?identifier=a|b",
                           "/fhir/Task?identifier=a|b", "http://here/fhir/Task?identifier=a|b"}) {
    const auto part = search_part(text, "Task", "http://here");
    ASSERT_TRUE(part) << text;
    EXPECT_EQ(*part, "identifier=a|b") << text;
  }
  EXPECT_EQ(*search_part("identifier=http://x?y|b", "Task", "http://here"), "identifier=http://x?y|b");
}

TEST(Condition, AnotherTypeIsRefused) {
  for (const char* text : {"Patient?identifier=a", "http://there/fhir/Task?identifier=a", "Task/1?identifier=a"}) {
    const auto refused = search_part(text, "Task", "http://here");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, core::ErrorCode::kInvalid);
  }
}

TEST(Condition, EscapedSeparatorsBelongToTheValue) {
  const auto condition = parse_condition(R"(identifier=http://foo\,123|A\,B\|C\$\\)");
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->system, "http://foo,123");
  EXPECT_EQ(condition->value, R"(A,B|C$\)");
}

TEST(Condition, OnlyTheFirstBarDividesAndOtherBackslashesStay) {
  const auto condition = parse_condition(R"(identifier=s|DOMAIN\user|x)");
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->system, "s");
  EXPECT_EQ(condition->value, R"(DOMAIN\user|x)");
}

TEST(Condition, AListAndASystemWithoutAValueAreRefused) {
  for (const char* text : {"identifier=a,b", "identifier=s|", "_id=a,b", "_id=a|b", "identifier="})
    EXPECT_FALSE(parse_condition(text)) << text;
}

}  // namespace
}  // namespace embergate::interaction
