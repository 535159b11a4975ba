// SPDX-License-Identifier: Apache-2.0
// What S-19, S-30 and S-33 refuse, and what RFC 8259 does.
#include <gtest/gtest.h>
#include <time.h>

#include <array>
#include <string>

#include "embergate/fhir/resource.hpp"
#include "support/sanitizer.hpp"

namespace embergate::fhir {
namespace {

core::Error refused_at_a_limit(std::string text, const ParseLimits& limits = {}) {
  const std::string start = text.substr(0, 60);
  const auto result = Resource::parse(std::move(text), limits);
  EXPECT_FALSE(result) << start;
  if (result) return {};
  EXPECT_LT(result.error().diagnostics.size(), 400U) << start;
  return result.error();
}

// Of this thread: what else the machine does must not count.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(JsonGrammar, RefusesWhatIsNotJson) {
  using namespace std::string_literals;
  const std::array texts{
      ""s,
      " "s,
      "null"s,
      "[]"s,
      "\"a\""s,
      "1"s,
      "{"s,
      "}"s,
      "{]"s,
      "{}}"s,
      "{} {}"s,
      "{}x"s,
      "{},"s,
      "{\"a\"}"s,
      "{\"a\":}"s,
      "{\"a\":1,}"s,
      "{,\"a\":1}"s,
      "{\"a\":1 \"b\":2}"s,
      "{\"a\" 1}"s,
      "{a:1}"s,
      "{'a':1}"s,
      "{\"a\":[1,]}"s,
      "{\"a\":[,1]}"s,
      "{\"a\":[1 2]}"s,
      "{\"a\":[1}"s,
      "{\"a\":{\"b\":1]}"s,
      "{\"a\":{\"b\":1}"s,
      "{\"a\":tru}"s,
      "{\"a\":truex}"s,
      "{\"a\":True}"s,
      "{\"a\":nul}"s,
      "{\"a\":falsey}"s,
      "{\"a\":01}"s,
      "{\"a\":-}"s,
      "{\"a\":1.}"s,
      "{\"a\":.5}"s,
      "{\"a\":+1}"s,
      "{\"a\":1e}"s,
      "{\"a\":1e+}"s,
      "{\"a\":0x1}"s,
      "{\"a\":NaN}"s,
      "{\"a\":Infinity}"s,
      "{\"a\":-Infinity}"s,
      "{\"a\":1\"b\"}"s,
      "{\"a\":\"b\"1}"s,
      "{\"a\":\"b\"\"c\"}"s,
      "{\"a\":\"b}"s,
      "{\"a\":\"\\x\"}"s,
      "{\"a\":\"\\u12\"}"s,
      "{\"a\":\"\\u12g4\"}"s,
      "{\"a\":\"\\ud800\"}"s,
      "{\"a\":\"\\udc00\"}"s,
      "{\"a\":\"\\ud800\\u0041\"}"s,
      "{\"a\":\"\\ud800x\"}"s,
      "{\"\\ud800\":1}"s,
      "{\"a\":\"\n\"}"s,
      "{\"a\":\"\t\"}"s,
      "{\"a\":\"\0\"}"s,
      "{\"a\n\":1}"s,
      "{\"a\":1}\0"s,
      "{\"a\":1\f}"s,
      "{\"a\":1\x1a}"s,
      "{\"a\":1/*c*/}"s,
      "{\"a\":1}//c"s,
      "\xEF\xBB\xBF{}"s,
      "{\"a\":\"\xff\"}"s,
      "{\"a\":\"\xc0\xaf\"}"s,
      "{\"a\":\"\xed\xa0\x80\"}"s,
      "{\"a\":\"\xf5\x80\x80\x80\"}"s,
      "{\"a\":\"\xe2\x82\"}"s,
      "{\"\xff\":1}"s,
      "{}\xff"s,
      "\xff{}"s,
  };
  for (const std::string& text : texts) EXPECT_EQ(refused_at_a_limit(text).code, core::ErrorCode::kMalformed) << text;
}

TEST(JsonGrammar, AcceptsWhatIsJson) {
  const std::array<std::string, 12> texts{"{}",
                                          " \t\r\n{ \n} \r\n",
                                          "{\"\":1}",
                                          "{\"a\":[]}",
                                          "{\"a\":[[[]]]}",
                                          "{\"a\":-0}",
                                          "{\"a\":-0.0e-00}",
                                          "{\"a\":1E+400}",
                                          R"({"a":"\"\\\/\b\f\n\r\t\u0000\ud83d\udd25"})",
                                          "{\"a\":\"\xf4\x8f\xbf\xbf\x7f\"}",
                                          "{\"a\":{\"a\":{\"a\":null}}}",
                                          "{\"a\":12345678901234567890123}"};
  for (const std::string& text : texts) {
    const auto result = Resource::parse(text);
    EXPECT_TRUE(result) << text << ": " << result.error().diagnostics;
  }
  const auto fire = *Resource::parse(texts[8]);
  EXPECT_EQ(fire->root().member("a").string(), std::string_view("\"\\/\b\f\n\r\t\0\xf0\x9f\x94\xa5", 13));
}

TEST(JsonGrammar, CutShortAnywhereIsRefused) {
  const std::string text =
      R"({"resourceType":"Patient","name":[{"given":["A\u00e9",null],"x":-1.5e3}],"active":true,"y":{}})";
  ASSERT_TRUE(Resource::parse(text));
  for (std::size_t size = 0; size < text.size(); ++size) refused_at_a_limit(text.substr(0, size));
}

TEST(JsonDuplicates, AreRefusedInSmallAndInLargeObjects) {
  EXPECT_EQ(refused_at_a_limit(R"({"a":1,"a":1})").code, core::ErrorCode::kMalformed);
  EXPECT_EQ(refused_at_a_limit(R"({"a":1,"\u0061":1})").code, core::ErrorCode::kMalformed);
  EXPECT_EQ(refused_at_a_limit(R"({"x":[{"":1,"":2}]})").expression, "x[0]");
  for (const int members : {15, 16, 17, 18, 500}) {
    std::string text = "{";
    for (int i = 0; i < members; ++i) text += "\"m" + std::to_string(i) + "\":{\"m" + std::to_string(i) + "\":[]},";
    EXPECT_TRUE(Resource::parse(text + "\"last\":1}")) << members;
    const auto error = refused_at_a_limit(text + "\"m" + std::to_string(members - 1) + "\":1}");
    EXPECT_NE(error.diagnostics.find("duplicate member \"m" + std::to_string(members - 1) + "\""), std::string::npos)
        << members;
  }
}

TEST(JsonLimits, HaveEachItsOwnError) {
  const ParseLimits limits{.max_bytes = 2000,
                           .max_depth = 5,
                           .max_members = 20,
                           .max_tokens = 120,
                           .max_string_bytes = 50,
                           .max_number_chars = 8};
  const auto code = [&](const std::string& text) { return refused_at_a_limit(text, limits).code; };
  EXPECT_EQ(code("{\"a\":\"" + std::string(2000, 'x') + "\"}"), core::ErrorCode::kTooLarge);
  EXPECT_TRUE(Resource::parse(R"({"a":[[[[]]]]})", limits));
  EXPECT_EQ(code(R"({"a":[[[[[]]]]]})"), core::ErrorCode::kTooLarge);
  EXPECT_TRUE(Resource::parse("{\"a\":\"" + std::string(50, 'x') + "\"}", limits));
  EXPECT_EQ(code("{\"a\":\"" + std::string(51, 'x') + "\"}"), core::ErrorCode::kTooLarge);
  for (const char* name : {"data", "hash", "query", "carrierAIDC", "valueBase64Binary", "fixedBase64Binary"})
    EXPECT_TRUE(Resource::parse("{\"" + std::string(name) + "\":\"" + std::string(51, 'x') + "\"}", limits)) << name;
  EXPECT_EQ(code("{\"data\":[\"" + std::string(51, 'x') + "\"]}"), core::ErrorCode::kTooLarge);
  EXPECT_TRUE(Resource::parse("{\"a\":12345.78}", limits));
  EXPECT_EQ(code("{\"a\":12345.789}"), core::ErrorCode::kTooLarge);
  std::string members = "\"m0\":0";
  for (int i = 1; i < 20; ++i) members += ",\"m" + std::to_string(i) + "\":0";
  EXPECT_TRUE(Resource::parse("{" + members + "}", limits));
  EXPECT_EQ(code("{" + members + ",\"x\":0}"), core::ErrorCode::kTooLarge);
  EXPECT_TRUE(Resource::parse("{\"a\":[0" + repeated(",0", 114) + "]}", limits));
  EXPECT_EQ(code("{\"a\":[0" + repeated(",0", 115) + "]}"), core::ErrorCode::kTooLarge);
}

// Large texts made to cost much are refused_at_a_limit well within a second.
TEST(JsonLimits, BI15_RefuseHostileTextsQuickly) {
  std::string many_names = "{\"n0\":0";
  for (int i = 1; i < 1'000'000; ++i) many_names += ",\"n" + std::to_string(i) + "\":0";
  const std::array texts{
      "{\"a\":" + repeated("[", 10'000) + repeated("]", 10'000) + "}",
      "{\"a\":[{}" + repeated(",{}", 1'000'000) + "]}",
      "{\"a\":" + std::string(5'000'000, '1') + "}",
      "{\"a\":\"" + repeated("\\u0041", 3'000'000) + "\"}",
      many_names + "}",
      "{\"a\":[" + std::string(20'000'000, ' ') + "[]",
      "{" + std::string(20'900'000, '\n') + "x",
      repeated("{\"a\":", 4'000'000),
      std::string(20'000'000, '"'),
      std::string(20'000'000, '\\'),
  };
  for (const std::string& text : texts) {
    const double begin = cpu_seconds();
    refused_at_a_limit(text);
    EXPECT_LT(cpu_seconds() - begin, 1.0 * test::kSanitizerSlowdown) << text.substr(0, 20);
  }
}

TEST(JsonErrors, SayWhereInLinesAndShowLittleOfTheText) {
  const auto error = refused_at_a_limit(
      "{\n  \"resourceType\": \"Patient\",\n  \"contact\": [ {\"name\": " + std::string(5000, 'x') + "} ]\n}");
  EXPECT_EQ(error.diagnostics,
            "\"" + std::string(40, 'x') + "\" is no JSON value in Patient.contact[0] (line 3, column 25, byte 55)");
  EXPECT_EQ(refused_at_a_limit("{\"a\":\"\xff\"}").diagnostics, "the text is not valid UTF-8");
}

}  // namespace
}  // namespace embergate::fhir
