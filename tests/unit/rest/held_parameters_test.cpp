// SPDX-License-Identifier: Apache-2.0
#include "rest/held_parameters.hpp"

#include <gmock/gmock.h>

namespace embergate::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = store::HeldRow::State;

std::string parameters(const std::string& list) {
  return R"({"resourceType":"Parameters","parameter":[)" + list + "]}";
}

TEST(HeldParameters, TakeNumbersInEveryWholeNumberType) {
  const auto selection = held_selection_of(parameters(
      R"({"name":"eventNumber","valueInteger":3},{"name":"eventNumber","valueDecimal":9007199254740991},
         {"name":"eventNumber","valuePositiveInt":1})"));
  ASSERT_TRUE(selection) << selection.error().diagnostics;
  EXPECT_THAT(selection->numbers, ElementsAre(3, 9007199254740991, 1));
  EXPECT_FALSE(selection->all_of);
}

TEST(HeldParameters, TakeAllOfAState) {
  const auto selection =
      held_selection_of(parameters(R"({"name":"all","valueBoolean":true},{"name":"state","valueCode":"superseded"})"));
  ASSERT_TRUE(selection) << selection.error().diagnostics;
  EXPECT_EQ(selection->all_of, State::kSuperseded);
}

TEST(HeldParameters, NameTheElementThatIsWrong) {
  const struct {
    std::string body;
    std::string expression;
  } cases[] = {
      {R"({"resourceType":"Patient"})", "resourceType"},
      {R"({"resourceType":"Parameters","parameter":{}})", "Parameters.parameter"},
      {parameters(""), "Parameters.parameter"},
      {parameters(R"({"name":"eventNumber","valueInteger":1},{"name":"number","valueInteger":1})"),
       "Parameters.parameter[1].name"},
      {parameters(R"({"name":"eventNumber","valueDecimal":1.5})"), "Parameters.parameter[0].valueDecimal"},
      {parameters(R"({"name":"eventNumber","valueInteger":0})"), "Parameters.parameter[0].valueInteger"},
      {parameters(R"({"name":"eventNumber","valueInteger":-4})"), "Parameters.parameter[0].valueInteger"},
      {parameters(R"({"name":"eventNumber","valueString":"4"})"), "Parameters.parameter[0]"},
      {parameters(R"({"name":"all","valueBoolean":true})"), "Parameters.parameter"},
      {parameters(R"({"name":"all","valueString":"true"})"), "Parameters.parameter[0].valueBoolean"},
      {parameters(R"({"name":"state","valueCode":"lost"})"), "Parameters.parameter[0].valueCode"},
      {parameters(R"({"name":"state","valueCode":"waiting"})"), "Parameters.parameter"},
      {parameters(
           R"({"name":"all","valueBoolean":true},{"name":"state","valueCode":"waiting"},{"name":"eventNumber","valueInteger":1})"),
       "Parameters.parameter"},
  };
  for (const auto& one : cases) {
    const auto selection = held_selection_of(one.body);
    ASSERT_FALSE(selection) << one.body;
    EXPECT_EQ(selection.error().code, core::ErrorCode::kInvalid) << one.body;
    EXPECT_EQ(selection.error().expression, one.expression) << one.body;
  }
}

TEST(HeldParameters, BoundTheNumbersOfOneCall) {
  std::string list;
  for (int i = 1; i <= 1'001; ++i)
    list += (i == 1 ? "" : ",") + (R"({"name":"eventNumber","valueInteger":)" + std::to_string(i) + "}");
  const auto selection = held_selection_of(parameters(list));
  ASSERT_FALSE(selection);
  EXPECT_THAT(selection.error().diagnostics, HasSubstr("1000"));
}

TEST(HeldParameters, PageByCountAndCursor) {
  const auto query = held_query_of(*http::parse_target("/x?_count=1000&_cursor=17&state=waiting"));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->limit, 1'000U);
  EXPECT_EQ(query->after, 17);
  EXPECT_EQ(query->state, State::kWaiting);
  for (const char* wrong : {"/x?_count=0", "/x?_count=1001", "/x?_count=many", "/x?_cursor=-1", "/x?state=lost"})
    EXPECT_FALSE(held_query_of(*http::parse_target(wrong))) << wrong;
}

TEST(HeldParameters, ARefusedQueryParameterIsNamedWithWhatThereIs) {
  const struct {
    const char* target;
    const char* says;
  } cases[] = {
      {"/x?count=5", "there is no parameter \"count\"; there are _count, _cursor, state"},
      {"/x?state=waiting&state=superseded", "state is there twice"},
      {"/x?_count=1001", "_count must be a whole number from 1 to 1000"},
  };
  for (const auto& one : cases) {
    const auto query = held_query_of(*http::parse_target(one.target));
    ASSERT_FALSE(query) << one.target;
    EXPECT_EQ(query.error().code, core::ErrorCode::kMalformed) << one.target;
    EXPECT_THAT(query.error().diagnostics, HasSubstr(one.says));
  }
  EXPECT_TRUE(held_query_of(*http::parse_target("/x?_format=json&_pretty=true")));
}

}  // namespace
}  // namespace embergate::rest
