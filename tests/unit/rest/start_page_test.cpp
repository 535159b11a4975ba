// SPDX-License-Identifier: Apache-2.0
#include "rest/start_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rest/route.hpp"

namespace embergate::rest {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

ApiOptions options() {
  ApiOptions options;
  options.base_url = "https://gateway.example/<a>&\"b\"";
  options.version = "9.8.7";
  options.commit = "abc1234";
  return options;
}

std::string header(const http::Response& response, std::string_view name) {
  for (const http::Header& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

TEST(StartPage, NamesTheProductTheFhirBaseAndTheDocumentation) {
  const auto page = nlohmann::json::parse(start_page(options(), false, false).body);
  EXPECT_EQ(page["name"], "Embergate");
  EXPECT_EQ(page["fhir"], "https://gateway.example/<a>&\"b\"/fhir");
  EXPECT_THAT(page["documentation"].get<std::string>(), HasSubstr("docs"));
  const http::Response html = start_page(options(), true, false);
  EXPECT_EQ(header(html, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(html.body, AllOf(HasSubstr("<h1>Embergate</h1>"), HasSubstr("/&lt;a&gt;&amp;\"b\"/fhir"),
                               HasSubstr("docs"), Not(HasSubstr("<a>"))));
}

TEST(StartPage, TellsTheVersionOnlyToWhoIsSignedIn) {
  for (const bool as_html : {true, false}) {
    EXPECT_THAT(start_page(options(), as_html, false).body, AllOf(Not(HasSubstr("9.8.7")), Not(HasSubstr("abc1234"))));
    EXPECT_THAT(start_page(options(), as_html, true).body, HasSubstr("9.8.7"));
  }
}

TEST(StartPage, LetsABrowserLoadAndDoNothing) {
  const http::Response page = start_page(options(), true, false);
  EXPECT_THAT(header(page, "Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(page, "X-Frame-Options"), "DENY");
  EXPECT_EQ(header(page, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header(page, "Cache-Control"), "no-store");
  EXPECT_EQ(header(page, "Vary"), "Accept, Authorization");
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
}

TEST(StartPage, IsAtTheRootAloneAndOpen) {
  const RouteMatch root = match_route("GET", {});
  EXPECT_TRUE(root.method_allowed && root.open);
  EXPECT_EQ(root.operation, Operation::kStartPage);
  EXPECT_EQ(root.route, "/");
  EXPECT_TRUE(match_route("HEAD", {}).open);
  EXPECT_FALSE(match_route("POST", {}).open);
  EXPECT_FALSE(match_route("GET", {""}).found);
  EXPECT_FALSE(match_route("GET", {"fhir"}).method_allowed);
}

}  // namespace
}  // namespace embergate::rest
