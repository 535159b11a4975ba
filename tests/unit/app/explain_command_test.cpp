// SPDX-License-Identifier: Apache-2.0
// docs/error-codes.md is the table of error codes, all of its pages exist, and the command finds what people type.
#include "app/explain_command.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "architecture/source_tree.hpp"
#include "embergate/core/fault.hpp"

namespace embergate::app {
namespace {

using test::kRoot;
using test::text_of;
using testing::HasSubstr;

struct Explained {
  int exit_code;
  std::string out;
  std::string error;
};
Explained explain(const std::string& word, bool json = false) {
  std::ostringstream out;
  std::ostringstream error;
  const int exit_code = explain_command({word, json, false}, out, error);
  return {exit_code, out.str(), error.str()};
}

// As GitHub makes anchors of headings.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_')
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

std::set<std::string> anchors_of(const std::string& page) {
  std::set<std::string> anchors;
  std::istringstream lines(text_of(kRoot / "docs" / page));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) anchors.insert(anchor_of(line.substr(line.find(' ') + 1)));
  }
  return anchors;
}

TEST(ErrorCodes, ThePageIsTheOneThatTheProgramMakes) {
  EXPECT_EQ(text_of(kRoot / "docs/error-codes.md"), error_codes_page())
      << "embergate explain --page > docs/error-codes.md";
}

TEST(ErrorCodes, EachStandsOnThePageOnce) {
  const std::string page = error_codes_page();
  EXPECT_THAT(page, HasSubstr("-nodes \\| openssl")) << "a bar within a cell";
  for (const core::FaultText& row : core::fault_table()) {
    const std::string cell = "| `" + std::string(row.code) + "` |";
    const auto found = page.find(cell);
    ASSERT_NE(found, std::string::npos) << row.code;
    EXPECT_EQ(page.find(cell, found + 1), std::string::npos) << row.code;
  }
}

TEST(ErrorCodes, ThePagesThatTheyNameExistWithTheirHeadings) {
  std::map<std::string, std::set<std::string>> pages;
  for (const core::FaultText& row : core::fault_table()) {
    const std::string target(row.page);
    const std::size_t hash = target.find('#');
    const std::string page = target.substr(0, hash);
    if (!pages.contains(page)) pages[page] = anchors_of(page);
    EXPECT_FALSE(pages[page].empty()) << row.code << ": " << page;
    const bool has_heading = hash == std::string::npos || pages[page].contains(target.substr(hash + 1));
    EXPECT_TRUE(has_heading) << row.code << ": " << target;
  }
}

TEST(ExplainCommand, PrintsTheRowOfACodeOrOfAReason) {
  const Explained code = explain("secret.bad-jaas");
  EXPECT_EQ(code.exit_code, 0);
  const auto& row = core::text_of(core::Fault::kSecretBadJaas);
  for (const std::string_view text : {row.code, row.title, row.explanation, row.remedy, row.page})
    EXPECT_THAT(code.out, HasSubstr(std::string(text)));
  EXPECT_EQ(explain("bad-jaas").out, code.out);
  EXPECT_THAT(explain("unrendered-template").out, HasSubstr("secret.unrendered: "));
  EXPECT_THAT(explain("login-refused").out, HasSubstr("kafka.auth-refused: "));
  EXPECT_THAT(explain("stale").out, HasSubstr("secret.stale: "));
  EXPECT_EQ(nlohmann::json::parse(explain("store.full", true).out)["code"], "store.full");
}

TEST(ExplainCommand, KnowsSettingsAndWhereRulesStand) {
  const Explained setting = explain("BOX_DB_PATH");
  EXPECT_EQ(setting.exit_code, 0);
  EXPECT_THAT(setting.out, HasSubstr("docs/configure.md"));
  EXPECT_THAT(explain("R-48").out, HasSubstr("docs/reference/secret-delivery.md"));
  EXPECT_THAT(explain("S-13").out, HasSubstr("docs/reference/security.md"));
  EXPECT_EQ(explain("X-13").exit_code, 2);
  EXPECT_EQ(explain("box_db_path").out, setting.out);
  EXPECT_EQ(nlohmann::json::parse(explain("BOX_DB_PATH", true).out)["setting"], "BOX_DB_PATH");
  EXPECT_EQ(nlohmann::json::parse(explain("r-8", true).out)["rule"], "R-08");
}

// Of R-99 it said that it is a rule, and where it stands.
TEST(ExplainCommand, SaysOfARuleThatDoesNotExistWhichOnesDo) {
  const Explained unknown = explain("R-99");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.out, "");
  EXPECT_THAT(unknown.error, HasSubstr("docs/reference/secret-delivery.md has R-01 to R-"));
  EXPECT_EQ(explain("S-00").exit_code, 2);
}

TEST(ExplainCommand, KnowsHowManyRulesThePagesHave) {
  for (const auto& [letter, page] : std::vector<std::pair<std::string, std::string>>{
           {"R", "docs/reference/secret-delivery.md"}, {"S", "docs/reference/security.md"}}) {
    const std::string text = text_of(kRoot / page);
    int last = 0;
    while (text.find(fmt::format("- **{}-{:02}**", letter, last + 1)) != std::string::npos) ++last;
    EXPECT_EQ(explain(fmt::format("{}-{:02}", letter, last)).exit_code, 0) << page;
    EXPECT_EQ(explain(fmt::format("{}-{:02}", letter, last + 1)).exit_code, 2) << page << ": kRules";
  }
}

// "kafka.tls" is three letters and more from any code, and the beginning of four.
TEST(ExplainCommand, ListsTheCodesAndSettingsThatHaveTheWordInTheirName) {
  const Explained some = explain("kafka.tls");
  EXPECT_EQ(some.exit_code, 2);
  for (const char* code : {"kafka.tls-untrusted", "kafka.tls-hostname", "kafka.tls-expected", "kafka.tls-failed"})
    EXPECT_THAT(some.error, HasSubstr(std::string("\n  ") + code + "  ")) << some.error;
  EXPECT_THAT(some.error, testing::Not(HasSubstr("kafka.dns")));
  EXPECT_THAT(explain("TLS").error, testing::AllOf(HasSubstr("kafka.tls-failed"), HasSubstr("BOX_WEB_TLS_CERT")));
  EXPECT_EQ(explain("KAFKA.DNS").exit_code, 0);
  EXPECT_THAT(explain("a\x1b[2J").error, HasSubstr("\"a\\u001b[2J\""));
}

TEST(ExplainCommand, NamesTheNearestOfAWordThatItDoesNotKnow) {
  const Explained unknown = explain("kafka.auth-refusd");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.out, "");
  EXPECT_THAT(unknown.error, HasSubstr("did you mean kafka.auth-refused?"));
  EXPECT_THAT(explain("bad-jass").error, HasSubstr("did you mean bad-jaas?"));
  EXPECT_THAT(explain("nothing of the kind").error, HasSubstr("embergate explain lists all codes"));
}

TEST(ExplainCommand, ListsAllCodesWithoutAWord) {
  const Explained all = explain("");
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_EQ(static_cast<std::size_t>(std::count(all.out.begin(), all.out.end(), '\n')), core::fault_table().size());
  EXPECT_EQ(nlohmann::json::parse(explain("", true).out).size(), core::fault_table().size());
}

}  // namespace
}  // namespace embergate::app
