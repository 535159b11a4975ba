// SPDX-License-Identifier: Apache-2.0
#include "rest/headers.hpp"

#include <gtest/gtest.h>

namespace embergate::rest {
namespace {

using core::ErrorCode;

class FixedExchange final : public http::Exchange {
 public:
  explicit FixedExchange(std::vector<http::Header> headers) { request_.headers = std::move(headers); }
  const http::Request& request() const override { return request_; }
  boost::asio::awaitable<core::Result<std::string>> read_body(std::size_t) override { co_return std::string(); }

 private:
  http::Request request_;
};

core::Result<void> accept(const std::string& value) {
  FixedExchange exchange({{"Accept", value}});
  return check_accept(Call{exchange, {}, {}, {}, {}, {}});
}

http::Request with(const std::string& name, const std::string& value) {
  http::Request request;
  request.headers.push_back({name, value});
  return request;
}

TEST(Headers, AcceptTakesJsonInAnyList) {
  for (const char* value :
       {"", "*/*", "application/json", "application/fhir+json; fhirVersion=4.0", "text/html, application/json;q=0.5"}) {
    EXPECT_TRUE(accept(value)) << value;
  }
  const auto refused = accept("application/fhir+xml");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotAcceptable);
}

TEST(Headers, AcceptInSeveralLinesIsOneList) {
  FixedExchange exchange({{"Accept", "text/html"}, {"accept", "application/json"}});
  EXPECT_TRUE(check_accept(Call{exchange, {}, {}, {}, {}, {}}));
}

TEST(Headers, ContentTypeMustBeJson) {
  for (const char* value : {"", "application/json", "application/fhir+json; charset=utf-8", "APPLICATION/JSON"}) {
    EXPECT_TRUE(check_content_type(with("Content-Type", value))) << value;
  }
  EXPECT_EQ(check_content_type(with("Content-Type", "text/plain")).error().code, ErrorCode::kUnsupportedMedia);
}

TEST(Headers, AcceptKnowsTheVersionOfFhirAndWhatIsUnwanted) {
  for (const char* value :
       {"application/fhir+json; fhirVersion=4.0.1", "application/fhir+json;fhirVersion=\"4.0\"",
        "application/fhir+json; fhirVersion=5.0, application/json;q=0.1", "application/json;q=0.001"}) {
    EXPECT_TRUE(accept(value)) << value;
  }
  for (const char* value :
       {"application/fhir+json; fhirVersion=5.0", "application/json;q=0", "application/json;q=0.000",
        "application/fhir+json; x=\", application/json\"; fhirVersion=3.0"}) {
    const auto refused = accept(value);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().code, ErrorCode::kNotAcceptable);
  }
}

TEST(Headers, ABodyOfAnotherFhirVersionIsRefused) {
  EXPECT_TRUE(check_content_type(with("Content-Type", "application/fhir+json; fhirVersion=4.0")));
  const auto refused = check_content_type(with("Content-Type", "application/fhir+json; fhirVersion=3.0"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupportedMedia);
  EXPECT_NE(refused.error().diagnostics.find("3.0"), std::string::npos);
}

TEST(Headers, AVersionInAUrlIsANumber) {
  EXPECT_EQ(parse_version("12").value(), 12);
  for (const char* value : {"", "W/\"12\"", "x", "-1", "0", "12 13"}) EXPECT_FALSE(parse_version(value)) << value;
}

TEST(Headers, EntityTagsOfSeveralFieldsAreOneList) {
  http::Request request = with("If-Match", "W/\"1\"");
  request.headers.push_back({"if-match", "\"2\""});
  const auto tags = preconditions_of(request)->if_match;
  EXPECT_TRUE(tags.meet(1));
  EXPECT_TRUE(tags.meet(2));
  EXPECT_FALSE(tags.meet(3));
  EXPECT_EQ(preconditions_of(with("If-Match", "abc")).error().code, ErrorCode::kMalformed);
}

TEST(Headers, WhatIsNoDateCountsAsNotThere) {
  EXPECT_TRUE(preconditions_of(with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"))->if_modified_since);
  EXPECT_FALSE(preconditions_of(with("If-Modified-Since", "yesterday"))->if_modified_since);
  EXPECT_TRUE(preconditions_of(with("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"))->if_unmodified_since);
}

TEST(Headers, CorrelationIdsAreBounded) {
  EXPECT_EQ(context_of(with("x-topic-correlation-id", "batch-17"), "x-topic-correlation-id", false)->correlation_id,
            "batch-17");
  EXPECT_FALSE(context_of(with("x-topic-correlation-id", std::string(1025, 'a')), "x-topic-correlation-id", false));
  EXPECT_FALSE(context_of(with("x-topic-correlation-id", "a\tb"), "x-topic-correlation-id", false));
}

TEST(Headers, SkippingReferencesNeedsTheSetting) {
  const http::Request request = with("aidbox-validation-skip", "reference");
  EXPECT_FALSE(context_of(request, "x", false)->skip_reference_check);
  EXPECT_TRUE(context_of(request, "x", true)->skip_reference_check);
}

TEST(Headers, ACreateRefusesAConditionInItsUrlAlsoBesideOtherParameters) {
  for (const char* fine : {"/fhir/Patient", "/fhir/Patient?_format=json", "/fhir/Patient?_pretty=true&_format=json"})
    EXPECT_TRUE(check_create_query(*http::parse_target(fine))) << fine;
  for (const char* wrong : {"/fhir/Patient?identifier=a|b", "/fhir/Patient?_format=json&identifier=a|b"}) {
    const auto refused = check_create_query(*http::parse_target(wrong));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::kMalformed);
    EXPECT_NE(refused.error().diagnostics.find("\"identifier\""), std::string::npos);
    EXPECT_NE(refused.error().diagnostics.find("If-None-Exist"), std::string::npos);
  }
}

}  // namespace
}  // namespace embergate::rest
