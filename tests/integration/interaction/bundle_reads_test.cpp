// SPDX-License-Identifier: Apache-2.0
// What the reads of one bundle may cost together.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

using nlohmann::json;

json repeated(const std::string& type, const json& entry, std::size_t times) {
  return {{"resourceType", "Bundle"}, {"type", type}, {"entry", std::vector<json>(times, entry)}};
}

TEST_F(InteractionsTest, HistoriesOfOneBundleShareWhatIsCounted) {
  constexpr std::size_t kVersions = 5'000;
  constexpr std::size_t kCounts = 100;
  const json write{{"request", {{"method", "PUT"}, {"url", "Basic/many"}}},
                   {"resource", {{"resourceType", "Basic"}, {"code", {{"text", "x"}}}}}};
  ASSERT_TRUE(bundle(repeated("transaction", write, kVersions).dump()));
  const json count{{"request", {{"method", "GET"}, {"url", "Basic/many/_history?_count=0"}}}};
  const auto answered = bundle(repeated("batch", count, kCounts).dump());
  ASSERT_TRUE(answered);
  const json answers = json::parse(answered->body)["entry"];
  EXPECT_EQ(answers[0]["resource"]["total"], kVersions);
  EXPECT_EQ(answers[18]["resource"]["total"], kVersions);
  EXPECT_THAT(answers.back().dump(), testing::HasSubstr("too-costly"));
  const auto refused = bundle(repeated("transaction", count, kCounts).dump());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().issues.at(0).code, kTooCostly);
}

TEST_F(InteractionsTest, WhatTheCallerHasTakesNoRoomInTheAnswerToABatch) {
  constexpr std::size_t kMoreThanOneAnswerHolds = 6;
  std::string data;
  for (int i = 0; i < 4'000'000; ++i) data += "QUJD";
  ASSERT_TRUE(update("Binary", "large", R"({"resourceType":"Binary","contentType":"a/b","data":")" + data + "\"}"));
  const json read{{"request", {{"method", "GET"}, {"url", "Binary/large"}, {"ifNoneMatch", "*"}}}};
  const auto answer = bundle(repeated("batch", read, kMoreThanOneAnswerHolds).dump());
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->body, testing::HasSubstr(R"("status":"304")"));
  EXPECT_THAT(answer->body, testing::Not(testing::HasSubstr("too-costly")));
}

}  // namespace
}  // namespace embergate::interaction
