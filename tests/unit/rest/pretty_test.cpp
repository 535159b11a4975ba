// SPDX-License-Identifier: Apache-2.0
#include "rest/pretty.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace embergate::rest {
namespace {

TEST(Pretty, LaysJsonOutAndChangesNoNumberAndNoText) {
  EXPECT_EQ(pretty(R"({"a":1.50,"b":[{"c":"x, {y}: \"z\" \\"},[],{}],"d":null})"), R"({
  "a": 1.50,
  "b": [
    {
      "c": "x, {y}: \"z\" \\"
    },
    [],
    {}
  ],
  "d": null
}
)");
  EXPECT_EQ(pretty("{ \"a\" :\n [ 1 , 2 ] }"), "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n");
  EXPECT_EQ(pretty("{}"), "{}\n");
}

TEST(Pretty, OfWhatIsNoJsonIsSomeText) {
  for (const char* text : {"", "]]}", "\"", "\"\\", "{", "[,:"}) EXPECT_EQ(pretty(text).back(), '\n') << text;
}

TEST(Pretty, IsTheSameToAProgram) {
  const std::string text = R"({"parameter":[{"name":"a","part":[{"valueDecimal":0.10}]},{"name":"b"}]})";
  EXPECT_EQ(nlohmann::json::parse(pretty(text)), nlohmann::json::parse(text));
}

}  // namespace
}  // namespace embergate::rest
