// SPDX-License-Identifier: Apache-2.0
#include "vault/json_string.hpp"

#include <gtest/gtest.h>

namespace embergate::vault {
namespace {

std::string at(std::string_view json, std::string_view pointer) {
  const auto tokens = tokens_of_pointer(pointer);
  if (!tokens) return "(pointer)";
  return string_at(json, *tokens).value_or("(none)");
}

TEST(JsonString, FindsTheStringAtAPointer) {
  EXPECT_EQ(at(R"({"data":{"password":"pw"}})", "/data/password"), "pw");
  EXPECT_EQ(at(R"({"request_id":"x","data":{"data":{"a":["x","y\n",{"z":"deep"}]}}})", "/data/data/a/1"), "y\n");
  EXPECT_EQ(at(R"({"a":["x",["y"],{"z":"deep"}]})", "/a/2/z"), "deep");
  EXPECT_EQ(at(R"(["x","y"])", "/1"), "y");
  EXPECT_EQ(at(R"({"a/b":"s","m~n":"t","":"u"})", "/a~1b"), "s");
  EXPECT_EQ(at(R"({"a/b":"s","m~n":"t","":"u"})", "/m~0n"), "t");
  EXPECT_EQ(at(R"({"a/b":"s","m~n":"t","":"u"})", "/"), "u");
  EXPECT_EQ(at(R"({"x":{"password":"no"},"password":"yes"})", "/password"), "yes");
  EXPECT_EQ(at(R"({"k":"\u00e9\""})", "/k"), "\xC3\xA9\"");
}

TEST(JsonString, FindsNothingWhereNoSingleStringIs) {
  for (const auto* json :
       {R"({"a":1})", R"({"a":{"a":"x"}})", R"({"a":["x"]})", R"({"b":"x"})", R"({"a":null})", "", "x", R"({"a":"x")",
        R"({"a":"x","a":"y"})", R"({"a":"x","a":1})", R"("a")", R"({"a":"x"} {})"}) {
    EXPECT_EQ(at(json, "/a"), "(none)") << json;
  }
  EXPECT_EQ(at(R"({"a":{"b":"x"},"a":{"b":"y"}})", "/a/b"), "(none)");
  EXPECT_EQ(at(R"({"a":{"b":"x"},"a":{"c":"y"}})", "/a/b"), "(none)");
  EXPECT_EQ(at(R"(["x"])", "/1"), "(none)");
  EXPECT_EQ(at(R"(["x"])", "/00"), "(none)");
  EXPECT_EQ(at(std::string(100, '[') + "\"x\"" + std::string(100, ']'), "/0"), "(none)");
}

TEST(JsonString, RefusesWhatIsNoPointer) {
  for (const auto* text : {"", "a", "a/b", "/a~", "/a~2", "#/a"}) EXPECT_FALSE(tokens_of_pointer(text)) << text;
}

}  // namespace
}  // namespace embergate::vault
