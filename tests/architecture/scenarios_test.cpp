// SPDX-License-Identifier: Apache-2.0
// docs/reference/scenarios.md and the tests name the same scenarios: a row has a test that bears its number, but for
// rows in italics, which say why they have none, and a number in a test's name has a row.
#include <gmock/gmock.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "architecture/source_tree.hpp"

namespace embergate::test {
namespace {

namespace fs = std::filesystem;

// As tests write them: RM07.
std::set<std::string> numbers_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    found.insert((*match)[1].str() + (*match)[2].str());
  return found;
}

std::set<std::string> rows(const std::regex& pattern) {
  return numbers_in(text_of(kRoot / "docs/reference/scenarios.md"), pattern);
}

std::set<std::string> in_names_of_tests() {
  static const std::regex part(R"((?:\b|_)(RM|FA|BI|AL)(\d\d)(?=[_,]))");
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "tests")) {
    if (entry.path().extension() == ".cpp") found.merge(numbers_in(text_of(entry.path()), part));
  }
  return found;
}

TEST(Scenarios, AreTheSameInTheirPageAndInTheNamesOfTests) {
  const auto tested = rows(std::regex(R"(\| (RM|FA|BI|AL)-(\d\d) \|)"));
  EXPECT_GT(tested.size(), 70u);
  EXPECT_THAT(in_names_of_tests(), testing::ContainerEq(tested));
}

TEST(Scenarios, WithoutATestSayWhy) {
  const auto untested = rows(std::regex(R"(\| \*(RM|FA|BI|AL)-(\d\d)\* \|)"));
  const auto explained =
      rows(std::regex(R"(\| \*(RM|FA|BI|AL)-(\d\d)\* \|[^|\n]*\| \*(?:later|does not apply|in each of them)[:,])"));
  EXPECT_THAT(untested, testing::ContainerEq(explained));
}

}  // namespace
}  // namespace embergate::test
