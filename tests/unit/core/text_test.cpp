// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/text.hpp"

#include <gtest/gtest.h>

namespace {

using embergate::core::shortened;
using embergate::core::whole_characters;

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(whole_characters("a\xC3\xA4z", 2), "a");
  EXPECT_EQ(whole_characters("a\xC3\xA4z", 3), "a\xC3\xA4");
  EXPECT_EQ(whole_characters("abc", 3), "abc");
  EXPECT_EQ(whole_characters("\xE2\x82\xAC", 2), "");
}

TEST(Text, SaysThatSomethingWasLeftOut) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc...");
  EXPECT_EQ(shortened("a\xC3\xA4z", 2), "a...");
}

}  // namespace
