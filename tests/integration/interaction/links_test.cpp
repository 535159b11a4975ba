// SPDX-License-Identifier: Apache-2.0
// Links between the entries of a transaction (FHIR R4 http.html#trules).
#include <gmock/gmock.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

using nlohmann::json;

constexpr const char* kForeign = "http://foreign.example/fhir/";

json observation(const std::string& subject) {
  return {{"resourceType", "Observation"},
          {"status", "final"},
          {"code", {{"text", "x"}}},
          {"subject", {{"reference", subject}}}};
}

json post(const json& resource, const std::string& full_url = "") {
  json made{{"request", {{"method", "POST"}, {"url", resource["resourceType"]}}}, {"resource", resource}};
  if (!full_url.empty()) made["fullUrl"] = full_url;
  return made;
}

json put(json resource, const std::string& id, const std::string& full_url) {
  json made = post(resource, full_url);
  made["resource"]["id"] = id;
  made["request"] = {{"method", "PUT"}, {"url", resource["resourceType"].get<std::string>() + "/" + id}};
  return made;
}

std::string list_of(std::size_t references) {
  std::string items;
  for (std::size_t i = 0; i < references; ++i)
    items += (i == 0 ? "" : ",") + std::string(R"({"item":{"reference":"Basic/1"}})");
  return R"({"resourceType":"List","status":"current","mode":"working","entry":[)" + items + "]}";
}

class LinksTest : public InteractionsTest {
 protected:
  // The entries of the answer.
  json transaction(std::vector<json> entries) {
    const auto answer =
        bundle(json{{"resourceType", "Bundle"}, {"type", "transaction"}, {"entry", std::move(entries)}}.dump());
    EXPECT_TRUE(answer) << answer.error().error.diagnostics;
    if (!answer) return json::array();
    std::string text = answer->body;
    for (const std::string& part : answer->more) text += part;
    return json::parse(text)["entry"];
  }
  static std::string place_of(const json& entry) {
    return entry["resource"]["resourceType"].get<std::string>() + "/" + entry["resource"]["id"].get<std::string>();
  }
};

TEST_F(LinksTest, AVersionThatAReferenceNamesStaysWithTheResourceThatIsUpdated) {
  const json patient{{"resourceType", "Patient"}};
  const std::string base = "http://localhost:8080/fhir/";
  for (const std::string reference : {"Patient/p/_history/3", "http://localhost:8080/fhir/Patient/p/_history/3"}) {
    const json answers =
        transaction({put(patient, "p", base + "Patient/p"), put(observation(reference), "o", base + "Observation/o")});
    EXPECT_EQ(answers[1]["resource"]["subject"]["reference"], reference);
  }
}

TEST_F(LinksTest, AVersionedReferenceToAnEntryThatGetsAnotherIdIsALinkToIt) {
  const json patient{{"resourceType", "Patient"}};
  for (const std::string full_url : {"urn:uuid:p", "http://foreign.example/fhir/Patient/p"}) {
    const json answers = transaction({post(patient, full_url), post(observation(full_url + "/_history/3"))});
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[1]["resource"]["subject"]["reference"], place_of(answers[0])) << full_url;
  }
}

TEST_F(LinksTest, WhatNamesACodeSystemOrAnExtensionIsNoLink) {
  const std::string url = "http://foreign.example/fhir/CodeSystem/colours";
  const json system{{"resourceType", "CodeSystem"}, {"url", url}, {"status", "active"}, {"content", "complete"}};
  const json coded{
      {"resourceType", "Observation"},
      {"extension", {{{"url", url}, {"valueUri", url}}}},
      {"identifier", {{{"system", url}, {"value", "1"}}}},
      {"status", "final"},
      {"code", {{"coding", {{{"system", url}, {"code", "red"}}}}}},
  };
  const json answers = transaction({post(system, url), post(coded)});
  EXPECT_EQ(answers[0]["resource"]["url"], url);
  const json stored = answers[1]["resource"];
  EXPECT_EQ(stored["extension"][0]["url"], url);
  EXPECT_EQ(stored["extension"][0]["valueUri"], place_of(answers[0]));
  EXPECT_EQ(stored["identifier"], coded["identifier"]);
  EXPECT_EQ(stored["code"], coded["code"]);
}

TEST_F(LinksTest, ARelativeReferenceInABundleMeansWhatLiesBesideItsOwnEntry) {
  json noted = observation("Patient/1");
  noted["text"] = {{"status", "generated"},
                   {"div", R"(<div xmlns="http://www.w3.org/1999/xhtml"><a href="Patient/1">x</a></div>)"}};
  const json inner{{"resourceType", "Bundle"},
                   {"type", "collection"},
                   {"entry", {{{"fullUrl", "http://other.example/fhir/Observation/o"}, {"resource", noted}}}}};
  const json answers = transaction({post({{"resourceType", "Patient"}}, kForeign + std::string("Patient/1")),
                                    post(inner, kForeign + std::string("Bundle/1"))});
  EXPECT_EQ(answers[1]["resource"]["entry"], inner["entry"]);
}

// Each reference once looked at the whole address of its entry: 80 GB of it here, twice.
TEST_F(LinksTest, ALongBaseIsNotLookedAtForEachReference) {
  constexpr auto kMuchMoreThanItTakes = std::chrono::seconds(20);
  const std::string base = "http://foreign.example/" + std::string(1'000'000, 'a');
  const std::string list = list_of(80'000);
  const auto entries = [&](const std::string& of_list, const std::string& of_basic) {
    return R"([{"fullUrl":")" + base + R"(/List/1",)" + of_list + R"("resource":)" + list + R"(},{"fullUrl":")" + base +
           R"(/Basic/1",)" + of_basic + R"("resource":{"resourceType":"Basic","code":{"text":"x"}}}]})";
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto linked =
      bundle(R"({"resourceType":"Bundle","type":"transaction","entry":)" +
             entries(R"("request":{"method":"POST","url":"List"},)", R"("request":{"method":"POST","url":"Basic"},)"));
  EXPECT_TRUE(linked) << linked.error().error.diagnostics;
  const auto stored = create("Bundle", R"({"resourceType":"Bundle","type":"collection","entry":)" + entries("", ""));
  EXPECT_TRUE(stored) << stored.error().error.diagnostics;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kMuchMoreThanItTakes);
}

}  // namespace
}  // namespace embergate::interaction
