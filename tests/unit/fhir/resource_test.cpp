// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/resource.hpp"

#include <gtest/gtest.h>

#include <string>

namespace embergate::fhir {
namespace {

ResourcePtr parsed(std::string text) {
  auto result = Resource::parse(std::move(text));
  EXPECT_TRUE(result) << (result ? "" : result.error().diagnostics);
  return result ? *result : nullptr;
}

core::Error refused(std::string text, const ParseLimits& limits = {}) {
  auto result = Resource::parse(std::move(text), limits);
  EXPECT_FALSE(result);
  return result ? core::Error{} : result.error();
}

TEST(ResourceTree, GivesMembersItemsAndRawTextAsTheyCame) {
  const auto r =
      parsed(R"( { "resourceType" : "Patient", "name":[ {"given":["A\u00e9\n", "B"]} , {} ], "active":true, "x":null,
    "n": -0.50e+3 , "multi\u0070le":[] } )");
  EXPECT_EQ(r->type(), "Patient");
  const Node name = r->root().member("name");
  ASSERT_TRUE(name.is_array());
  EXPECT_EQ(name.size(), 2U);
  EXPECT_EQ(name.raw(), R"([ {"given":["A\u00e9\n", "B"]} , {} ])");
  EXPECT_EQ(name.at(0).member("given").at(0).string(), "A\xc3\xa9\n");
  EXPECT_EQ(name.at(0).member("given").at(1).string(), "B");
  EXPECT_EQ(name.at(1).raw(), "{}");
  EXPECT_FALSE(name.at(2));
  EXPECT_TRUE(r->root().member("active").boolean());
  EXPECT_TRUE(r->root().member("x").is_null());
  EXPECT_EQ(r->root().member("n").number_text(), "-0.50e+3");
  EXPECT_TRUE(r->root().member("multiple").is_array());
  EXPECT_EQ(r->text().substr(r->root().raw_offset()), r->root().raw().data());
}

TEST(ResourceTree, AnswersEmptyForWhatIsNotThere) {
  const auto r = parsed(R"({"a":1})");
  const Node none = r->root().member("b").member("c").at(3);
  EXPECT_FALSE(none);
  EXPECT_EQ(none.string(), "");
  EXPECT_EQ(none.raw(), "");
  EXPECT_EQ(none.size(), 0U);
  EXPECT_FALSE(none.first_child());
  EXPECT_EQ(none.kind(), NodeKind::kNull);
}

TEST(ResourceTree, NamesTheElementThatHasADuplicateMember) {
  const auto error =
      refused("{\"resourceType\":\"Patient\",\n \"name\":[{},{\"family\":\"a\",\"fam\\u0069ly\":\"b\"}]}");
  EXPECT_EQ(error.code, core::ErrorCode::kMalformed);
  EXPECT_TRUE(error.diagnostics.starts_with("duplicate member \"family\" in Patient.name[1] (line 2, column 28"))
      << error.diagnostics;
  EXPECT_EQ(error.expression, "Patient.name[1]");
}

}  // namespace
}  // namespace embergate::fhir
