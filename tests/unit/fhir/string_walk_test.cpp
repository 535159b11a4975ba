// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/string_walk.hpp"

#include <gmock/gmock.h>

#include <map>

namespace embergate::fhir {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Text of each string -> type of its element.
std::map<std::string, std::string> types_in(const std::string& text) {
  const auto resource = Resource::parse(text);
  std::map<std::string, std::string> types;
  StringWalk walk((*resource)->root());
  while (walk.next()) types.emplace(walk.node().string(), walk.type());
  return types;
}

TEST(StringWalk, KnowsTheTypeOfEachElement) {
  EXPECT_THAT(types_in(R"({"identifier":[{"system":"1","value":"2"}],"text":{"div":"3"},
    "resourceType":"Patient","_birthDate":{"extension":[{"url":"4","valueUri":"5"},{"valueCanonical":"6"}]},"nothing":"7"})"),
              ElementsAre(Pair("1", "uri"), Pair("2", "string"), Pair("3", "xhtml"), Pair("4", "uri"), Pair("5", "uri"),
                          Pair("6", "canonical"), Pair("7", ""), Pair("Patient", "")));
}

TEST(StringWalk, AResourceWithinHasItsOwnType) {
  EXPECT_THAT(types_in(R"({"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","contained":[
    {"resourceType":"Binary","contentType":"1"}],"photo":[{"url":"2"}]},"fullUrl":"3"}],"type":"4"})"),
              ElementsAre(Pair("1", "code"), Pair("2", "url"), Pair("3", "uri"), Pair("4", "code"), Pair("Binary", ""),
                          Pair("Bundle", ""), Pair("Patient", "")));
}

TEST(StringWalk, TypesAskedForLateAreTheSame) {
  const auto resource = Resource::parse(R"({"resourceType":"Patient","name":[{"family":"a"},{"given":["b","c"]}]})");
  StringWalk walk((*resource)->root());
  while (walk.next() && walk.node().string() != "c") continue;
  EXPECT_EQ(walk.type(), "string");
  EXPECT_FALSE(walk.next());
}

}  // namespace
}  // namespace embergate::fhir
