// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(PercentDecode, DecodesExactlyOnce) {
  EXPECT_EQ(percent_decode("a%20b%2Fc", false), "a b/c");
  EXPECT_EQ(percent_decode("%2525", false), "%25");
  EXPECT_EQ(percent_decode("%c3%A4", false), "\xc3\xa4");
}

TEST(PercentDecode, ReadsPlusAsSpaceOnlyWhereAsked) {
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_decode("a%2Bb", true), "a+b");
}

TEST(PercentDecode, RefusesMalformedEscapes) {
  for (const char* text : {"%", "%4", "%zz", "%4g", "a%", "%%41"})
    EXPECT_EQ(percent_decode(text, false), std::nullopt) << text;
}

TEST(PercentDecode, RefusesNulAndBytesThatAreNotUtf8) {
  for (const char* text : {"%00", "a%00b", "%ff", "%c3", "%c0%af", "%ed%a0%80", "%f4%90%80%80", "%80"}) {
    EXPECT_EQ(percent_decode(text, false), std::nullopt) << text;
  }
  EXPECT_EQ(percent_decode("%f0%9f%94%a5%e2%82%ac", false), "\xf0\x9f\x94\xa5\xe2\x82\xac");
}

TEST(ParseTarget, TakesPathAndQueryApart) {
  const auto target = parse_target("/fhir/Patient?name=a%20b&_sort=-date&name=c+d&flag&e=f=g");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("fhir", "Patient"));
  EXPECT_THAT(target->query, ElementsAre(Pair("name", "a b"), Pair("_sort", "-date"), Pair("name", "c d"),
                                         Pair("flag", ""), Pair("e", "f=g")));
}

TEST(ParseTarget, TellsApartWhatOnlyLooksTheSame) {
  EXPECT_THAT(parse_target("/")->segments, IsEmpty());
  EXPECT_THAT(parse_target("/fhir")->segments, ElementsAre("fhir"));
  EXPECT_THAT(parse_target("/fhir/")->segments, ElementsAre("fhir", ""));
  EXPECT_THAT(parse_target("//fhir")->segments, ElementsAre("", "fhir"));
  EXPECT_THAT(parse_target("/Client//basic")->segments, ElementsAre("Client", "", "basic"));
  // S-17: an encoded slash is part of a segment, never a border between two.
  EXPECT_THAT(parse_target("/Client%2Fbasic")->segments, ElementsAre("Client/basic"));
}

TEST(ParseTarget, PassesOverEmptyParameters) {
  EXPECT_THAT(parse_target("/a?")->query, IsEmpty());
  EXPECT_THAT(parse_target("/a?&&b=c&")->query, ElementsAre(Pair("b", "c")));
  EXPECT_THAT(parse_target("/a?b=?")->query, ElementsAre(Pair("b", "?")));
}

TEST(ParseTarget, RefusesWhatCannotBeDecoded) {
  for (const char* text : {"", "a", "?a=b", "*", "/basic%00", "/%", "/a?b=%", "/a?%ff=b", "/a/%c0%ae%c0%ae/b"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

}  // namespace
}  // namespace embergate::http
