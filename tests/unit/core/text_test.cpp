// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/text.hpp"

#include <gtest/gtest.h>

#include "embergate/core/ascii.hpp"

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

TEST(Utf8, IsWhatRfc3629Says) {
  for (const char* text : {"", "a", "\xC2\x80", "\xC3\xA9", "\xDF\xBF", "\xE0\xA0\x80", "\xE2\x82\xAC", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(embergate::core::is_utf8(text)) << text;
  for (const char* text : {"\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xC3(", "\xE0\x80\xAF", "\xE0\x9F\xBF",
                           "\xED\xA0\x80", "\xE2\x82", "\xE2\x82(", "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xF0\x9F\x98(", "\xFF"})
    EXPECT_FALSE(embergate::core::is_utf8(text)) << text;
}

TEST(Utf8, ReplacesWhatIsNotIt) {
  EXPECT_EQ(embergate::core::as_utf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(embergate::core::as_utf8("a\xC3"), "a\xEF\xBF\xBD");
  EXPECT_EQ(embergate::core::as_utf8("\xE2\x82(\xFF)"), "\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD)");
}

TEST(Printable, IsOneLineThatSteersNoTerminalAndHidesNothing) {
  using embergate::core::printable;
  EXPECT_EQ(printable("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 a\\b \"c\""),
            "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 a\\b \"c\"");
  EXPECT_EQ(printable("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(printable(std::string("\x1b[2J\x07\x7f\0", 7)), "\\u001b[2J\\u0007\\u007f\\u0000");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\u009b31m")
      << "CSI in one character";
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "drawkcab\xE2\x80\xA8\xE2\x80\x8B\xEF\xBB\xBF"),
            "\\u202edrawkcab\\u2028\\u200b\\ufeff");
  EXPECT_EQ(printable("\x9B"
                      "31m\xC3"),
            "\xEF\xBF\xBD"
            "31m\xEF\xBF\xBD");
}

// Tags and selectors carry whole texts that no terminal shows, beyond the basic plane too.
TEST(Printable, ShowsWhatUnicodeLetsGoUnseen) {
  using embergate::core::printable;
  EXPECT_EQ(printable("a\xF3\xA0\x80\x81"
                      "b\xF3\xA0\x81\xBF"
                      "c\xF3\xA0\x84\x80"),
            "a\\udb40\\udc01b\\udb40\\udc7fc\\udb40\\udd00");
  EXPECT_EQ(printable("\xE1\xA0\x8E\xEF\xB8\x80\xEF\xBF\xB9\xE3\x85\xA4\xCD\x8F"),
            "\\u180e\\ufe00\\ufff9\\u3164\\u034f");
  EXPECT_EQ(printable("\xF0\x9F\x98\x80\xF4\x8F\xBF\xBD"), "\xF0\x9F\x98\x80\xF4\x8F\xBF\xBD");
}

TEST(Printable, ByLinesKeepsThemAndLeavesJsonTheSame) {
  using embergate::core::printable_lines;
  EXPECT_EQ(printable_lines("{\n  \"a\": 1\n}\n"), "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(printable_lines("a\x1b[2J\n\tb\r"), "a\\u001b[2J\n\tb\\r");
  EXPECT_EQ(printable_lines(""), "");
}

TEST(Markup, HasNoCharacterThatBeginsATagOrAnEntity) {
  std::string out = "x";
  embergate::core::append_markup_text(out, "<a b=\"c\">&amp;");
  EXPECT_EQ(out, "x&lt;a b=\"c\"&gt;&amp;amp;");
}

TEST(Ascii, LowerAndTrimmedLeaveAllElseAsItIs) {
  EXPECT_EQ(embergate::core::lower("ABZ az [\xC3\x84"), "abz az [\xC3\x84");
  EXPECT_EQ(embergate::core::trimmed(" \t a b\t "), "a b");
  EXPECT_EQ(embergate::core::trimmed("\n"), "\n");
  EXPECT_EQ(embergate::core::trimmed(" \t"), "");
}

}  // namespace
