// SPDX-License-Identifier: Apache-2.0
// Resources at each limit of S-30: what was stored can be read, sent back, deleted and delivered.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

const fhir::ParseLimits kLimits;

std::string patient_with(const std::string& members) {
  return R"({"resourceType":"Patient","id":"p1",)" + members + "}";
}

std::string of_most_bytes() {
  const std::string frame = patient_with(R"("photo":[{"data":""}])");
  const std::size_t room = kLimits.max_bytes - frame.size();
  const std::string blanks(room % 4, ' ');
  return patient_with(R"("photo":[{"data":")" + std::string(room - room % 4, 'A') + "\"}]" + blanks);
}

// 14 tokens around the given names, one for each name.
std::string of_most_tokens() {
  std::string given;
  for (std::size_t i = 14; i < kLimits.max_tokens; ++i) given += i == 14 ? "\"a\"" : ",\"a\"";
  return patient_with(R"("name":[{"given":[)" + given + "]}]");
}

std::string of_most_depth() {
  std::string open;
  std::string close;
  for (std::size_t depth = 1; depth + 5 <= kLimits.max_depth; depth += 2) {
    open += R"({"url":"urn:x","extension":[)";
    close += "]}";
  }
  return patient_with(R"("extension":[)" + open + R"({"url":"urn:x","valuePeriod":{"start":"2026"}})" + close + "]");
}

std::string of_longest_string() {
  return patient_with(R"("name":[{"text":")" + std::string(kLimits.max_string_bytes, 'x') + "\"}]");
}

struct Case {
  const char* name;
  std::string (*make)();
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class LimitsTest : public InteractionsTest, public ::testing::WithParamInterface<Case> {};

TEST_P(LimitsTest, WhatWasStoredIsDeliveredReadSentBackAndDeleted) {
  const auto slot = add_patient_destination("name.exists() or true");
  const std::string text = GetParam().make();
  const auto created = create("Patient", text);
  ASSERT_TRUE(created) << created.error().error.diagnostics;
  const auto found = read("Patient", "p1");
  ASSERT_TRUE(found);
  EXPECT_GT(found->body.size(), text.size());
  const auto sent_back = update("Patient", "p1", found->body);
  ASSERT_TRUE(sent_back) << sent_back.error().error.diagnostics;
  const auto history = run(interactions_->history("Patient", "p1", 1, 0));
  ASSERT_TRUE(history) << history.error().error.diagnostics;
  const auto removed = remove("Patient", "p1");
  ASSERT_TRUE(removed) << removed.error().error.diagnostics;
  EXPECT_EQ(events_of(slot).size(), 3U);
}

TEST_P(LimitsTest, WhatWasStoredIsDeletedInABundle) {
  ASSERT_TRUE(create("Patient", GetParam().make()));
  const auto answer = bundle(
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/p1"}}]})");
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_EQ(code_of(read("Patient", "p1")), core::ErrorCode::kGone);
}

INSTANTIATE_TEST_SUITE_P(AtTheLimit, LimitsTest,
                         ::testing::Values(Case{"Bytes", of_most_bytes}, Case{"Tokens", of_most_tokens},
                                           Case{"Depth", of_most_depth}, Case{"String", of_longest_string}),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

TEST_F(InteractionsTest, AResourceOfTheGreatestDepthIsTakenInABundleToo) {
  const auto answer = bundle(
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT","url":"Patient/p1"},"resource":)" +
      of_most_depth() + "}]}");
  EXPECT_TRUE(answer) << answer.error().error.diagnostics;
}

TEST_F(InteractionsTest, OneByteMoreThanTheLimitIsRefused) {
  std::string text = of_most_bytes();
  text.insert(1, " ");
  EXPECT_EQ(code_of(create("Patient", text)), core::ErrorCode::kTooLarge);
  std::string tokens = of_most_tokens();
  tokens.replace(tokens.find("\"a\","), 4, "\"a\",\"a\",");
  EXPECT_EQ(code_of(create("Patient", tokens)), core::ErrorCode::kTooLarge);
}

TEST_F(InteractionsTest, ADryRunNeedsNoThreadThatReadsNeed) {
  std::promise<void> may_end;
  const std::shared_future<void> end = may_end.get_future().share();
  std::atomic<bool> in_vain{false};
  for (int i = 0; i < 2; ++i) {
    pool_.post("reader", [&, end] {
      if (end.wait_for(std::chrono::seconds(10)) != std::future_status::ready) in_vain = true;
    });
  }
  const auto answer = run(interactions_->dry_run(RequestContext(), R"({"resourceType":"Parameters","parameter":[
    {"name":"topic","resource":{"resourceType":"AidboxSubscriptionTopic","url":"urn:t","status":"active",
      "trigger":[{"resource":"Patient"}]}},{"name":"current","resource":{"resourceType":"Patient"}}]})"));
  may_end.set_value();
  pool_.join();
  EXPECT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_FALSE(in_vain) << "all threads of the pool are busy, and it has its own";
}

}  // namespace
}  // namespace embergate::interaction
