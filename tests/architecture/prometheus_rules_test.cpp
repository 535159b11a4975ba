// SPDX-License-Identifier: Apache-2.0
// The alert rules name only metrics and labels that the program has, and each rule is whole.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "architecture/source_tree.hpp"

namespace embergate::test {
namespace {

namespace fs = std::filesystem;

std::set<std::string> all_matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    found.insert((*match)[1]);
  return found;
}

std::string all_sources() {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    if (entry.path().extension() == ".cpp") all += text_of(entry.path());
  }
  return all;
}

TEST(PrometheusRules, NameMetricsThatExist) {
  const auto rules = text_of(kRoot / "deploy/prometheus/embergate.rules.yml");
  const auto sources = all_sources();
  const auto metrics = all_matches(rules, std::regex("embergate_([a-z_]+)"));
  EXPECT_GE(metrics.size(), 5U);
  for (const std::string& metric : metrics)
    EXPECT_NE(sources.find('"' + metric + '"'), std::string::npos) << metric << " is made nowhere";
}

TEST(PrometheusRules, AreWholeAndExplainedToOperators) {
  const auto rules = text_of(kRoot / "deploy/prometheus/embergate.rules.yml");
  const auto manual = text_of(kRoot / "docs/operate.md");
  const auto alerts = all_matches(rules, std::regex("- alert: (\\w+)"));
  EXPECT_GE(alerts.size(), 8U);
  EXPECT_EQ(rules.find('\t'), std::string::npos);
  std::size_t at = rules.find("- alert: ");
  while (at != std::string::npos) {
    const auto next = rules.find("- alert: ", at + 1);
    const auto rule = rules.substr(at, next - at);
    for (const char* part : {"\n        expr: ", "severity: ", "summary: ", "description: \""})
      EXPECT_NE(rule.find(part), std::string::npos) << rule.substr(0, rule.find('\n')) << " has no " << part;
    at = next;
  }
  for (const std::string& alert : alerts) {
    const bool family = alert.starts_with("EmbergateSecretExpires");
    EXPECT_NE(manual.find(family ? std::string("EmbergateSecretExpires30Days") : alert), std::string::npos) << alert;
  }
}

}  // namespace
}  // namespace embergate::test
