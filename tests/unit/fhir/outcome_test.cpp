// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/outcome.hpp"

#include <gtest/gtest.h>

#include <string>

#include "embergate/fhir/validate.hpp"

namespace embergate::fhir {
namespace {

TEST(OperationOutcome, LooksAsTheContractShows) {
  const auto outcome =
      outcome_of(core::make_error(core::ErrorCode::kNotFound, "Resource Patient/x not found", "Patient.name"));
  EXPECT_EQ(
      outcome.to_json(),
      R"({"resourceType":"OperationOutcome","id":"not-found","text":{"status":"generated","div":"Resource Patient/x not found"},)"
      R"("issue":[{"severity":"fatal","code":"not-found","diagnostics":"Resource Patient/x not found","expression":["Patient.name"]}]})");
}

TEST(OperationOutcome, NamesTheErrorCodeOfAnErrorThatHasOne) {
  auto error = core::make_retriable(core::ErrorCode::kUnavailable, "the database is full");
  error.fault = core::Fault::kStoreFull;
  const std::string json = outcome_of(error).to_json();
  EXPECT_NE(
      json.find(R"("code":"transient","details":{"coding":[{"system":"urn:embergate:error-code","code":"store.full",)"
                R"("display":"the volume of the database is full"}]},"diagnostics":"the database is full"})"),
      std::string::npos)
      << json;
  const auto parsed = Resource::parse(json);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(check_shape(**parsed, "OperationOutcome").empty());
}

TEST(OperationOutcome, EscapesTextForJsonAndForTheNarrative) {
  const OperationOutcome outcome{"invalid",
                                 {{"error", "invalid", "a \"<b>\" & c\n", ""}, {"warning", "invalid", "second", ""}}};
  const std::string json = outcome.to_json();
  EXPECT_NE(json.find(R"("div":"a \"&lt;b&gt;\" &amp; c\n; second")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("diagnostics":"a \"<b>\" & c\n"})"), std::string::npos) << json;
  const auto parsed = Resource::parse(json);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(check_shape(**parsed, "OperationOutcome").empty());
}

TEST(OperationOutcome, HasARowForEveryErrorCode) {
  using core::ErrorCode;
  EXPECT_EQ(http_status(ErrorCode::kMalformed), 400);
  EXPECT_EQ(http_status(ErrorCode::kInvalid), 422);
  EXPECT_EQ(http_status(ErrorCode::kGone), 410);
  EXPECT_EQ(issue_code(ErrorCode::kGone), "deleted");
  EXPECT_EQ(issue_code(ErrorCode::kConflict), "duplicate");
  EXPECT_EQ(http_status(ErrorCode::kPreconditionFailed), 412);
  EXPECT_EQ(issue_code(ErrorCode::kPreconditionFailed), "conflict");
  EXPECT_EQ(issue_code(ErrorCode::kMultipleMatches), "multiple-matches");
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const int status = http_status(static_cast<ErrorCode>(code));
    EXPECT_GE(status, 400);
    EXPECT_LE(status, 504);
    EXPECT_FALSE(issue_code(static_cast<ErrorCode>(code)).empty());
  }
}

TEST(JsonString, EscapesWhatRfc8259Asks) {
  EXPECT_EQ(json_string(std::string_view("a\"\\/\n\r\t\0\x1f\x7f\xc3\xa9", 12)),
            "\"a\\\"\\\\/\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\"");
  EXPECT_EQ(json_string(""), "\"\"");
}

// What an answer quotes was cut in the middle of a character, and no client could read the answer.
TEST(JsonText, IsUtf8WhateverItQuotes) {
  EXPECT_EQ(json_string("x\xC3"), "\"x\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xFFy\xC3\xA9\n"), "\"\xEF\xBF\xBDy\xC3\xA9\\n\"");
}

}  // namespace
}  // namespace embergate::fhir
