// SPDX-License-Identifier: Apache-2.0
#include "interaction/client_secret.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace embergate::interaction {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string shown(const std::string& stored) { return presented("Client", stored); }

fhir::ResourcePtr parsed(const std::string& text) { return *fhir::Resource::parse(text); }

TEST(ClientSecret, IsMaskedHoweverItsNameIsSpelled) {
  for (const char* name : {"secret", "\\u0073ecret", "s\\u0065cret", "\\u0073\\u0065\\u0063\\u0072\\u0065\\u0074"}) {
    for (const char* colon : {":", " :\n "}) {
      const std::string stored = std::string(R"({"resourceType":"Client","id":"c",")") + name + "\"" + colon +
                                 R"("$scrypt$ln=14,r=8,p=1$abc$def","name":"n"})";
      const std::string text = shown(stored);
      EXPECT_THAT(text, Not(HasSubstr("scrypt"))) << stored;
      const json answer = json::parse(text);
      EXPECT_FALSE(answer.contains("secret")) << text;
      EXPECT_EQ(answer["_secret"]["extension"][0]["valueCode"], "masked") << text;
      EXPECT_EQ(answer["name"], "n");
    }
  }
}

TEST(ClientSecret, IsHashedHoweverItsNameIsSpelled) {
  const auto safe = hashed(parsed(R"({"resourceType":"Client","\u0073ecret":"plain-value"})"));
  ASSERT_TRUE(safe);
  EXPECT_THAT(std::string((*safe)->text()), Not(HasSubstr("plain-value")));
  EXPECT_THAT(std::string((*safe)->root().member("secret").string()), HasSubstr("$scrypt$"));
}

TEST(ClientSecret, PlaceholderKeepsTheStoredValueHoweverItsNameIsSpelled) {
  const auto client = parsed(
      R"({"resourceType":"Client","_\u0073ecret":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}})");
  ASSERT_TRUE(keeps_stored_secret(*client));
  const auto kept = with_stored_secret(client, R"({"resourceType":"Client","\u0073ecret":"$scrypt$x"})");
  ASSERT_TRUE(kept);
  EXPECT_EQ((*kept)->root().member("secret").string(), "$scrypt$x");
  EXPECT_FALSE((*kept)->root().member("_secret"));
}

TEST(ClientSecret, IsMaskedInAResourceThatGrewBeyondTheLimitsOfARequest) {
  json client{{"resourceType", "Client"}, {"secret", "$scrypt$x"}};
  for (std::size_t i = 0; i < fhir::ParseLimits().max_members; ++i) client["x" + std::to_string(i)] = 1;
  EXPECT_THAT(shown(client.dump()), Not(HasSubstr("scrypt")));
}

TEST(ClientSecret, NothingIsShownOfAStoredTextThatCannotBeRead) {
  EXPECT_EQ(shown(R"({"resourceType":"Client","secret":"$scrypt$x")"), R"({"resourceType":"Client"})");
}

}  // namespace
}  // namespace embergate::interaction
