// SPDX-License-Identifier: Apache-2.0
// The table of settings, docs/configure.md and the program name the same settings, with the same defaults and ranges.
#include "app/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "architecture/source_tree.hpp"

namespace embergate::app {
namespace {

using test::kRoot;
using test::text_of;

struct Row {
  std::string fallback;
  std::string range;
  bool operator==(const Row&) const = default;
};
using Rows = std::map<std::string, Row>;

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.fallback << " | " << row.range; }

std::string plain(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '`'), text.end());
  return text;
}

Rows rows_of_the_docs() {
  static const std::regex row(R"(\| `([A-Z_0-9]+)` \| ([^|]*) \| ([^|]*) \| [^|]+ \|)");
  Rows rows;
  std::istringstream lines(text_of(kRoot / "docs/configure.md"));
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, row)) rows[match[1]] = {plain(match[2]), plain(match[3])};
  }
  return rows;
}

Rows rows_of_the_table() {
  Rows rows;
  for (const Setting& setting : settings_table())
    rows[std::string(setting.name)] = {std::string(setting.fallback), allowed_values(setting)};
  return rows;
}

TEST(SettingsTable, AndTheManualNameTheSameSettingsDefaultsAndRanges) {
  const Rows documented = rows_of_the_docs();
  EXPECT_GT(documented.size(), 50U);
  EXPECT_EQ(rows_of_the_table(), documented);
}

TEST(SettingsTable, HasNoNameTwiceAndKeepsGroupsTogether) {
  EXPECT_EQ(rows_of_the_table().size(), settings_table().size());
  std::set<std::string_view> groups;
  std::string_view last;
  for (const Setting& setting : settings_table()) {
    if (setting.group == last) continue;
    EXPECT_TRUE(groups.insert(setting.group).second) << setting.group;
    last = setting.group;
  }
}

TEST(SettingsTable, HasOnlySettingsThatTheProgramReadsAndAllThatItReads) {
  std::string sources;
  for (const auto& file : std::filesystem::directory_iterator(kRoot / "src/app")) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(".cpp") && name != "settings_table.cpp" && name != "unknown_settings.cpp")
      sources += text_of(file.path());
  }
  static const std::regex read(R"re((?:text|number|boolean|choice|take_secret|secret)\("((?:BOX|AWS)_[A-Z0-9_]+)")re");
  std::set<std::string> asked;
  for (std::sregex_iterator at(sources.begin(), sources.end(), read), end; at != end; ++at) asked.insert((*at)[1]);
  std::set<std::string> known;
  for (const Setting& setting : settings_table()) known.emplace(setting.name);
  EXPECT_EQ(asked, known);
}

TEST(SettingsTable, FindsTheNearestNameAndWord) {
  EXPECT_EQ(nearest_setting("BOX_WEB_PROT"), "BOX_WEB_PORT");
  EXPECT_EQ(nearest_setting("BOX_ROOT_CLIENT_SECRETFILE"), "BOX_ROOT_CLIENT_SECRET_FILE");
  EXPECT_EQ(nearest_setting("BOX_QQQQQQQQQQQQ"), "");
  const Setting* level = find_setting("BOX_OBSERVABILITY_STDOUT_LOG_LEVEL");
  ASSERT_NE(level, nullptr);
  EXPECT_EQ(nearest_word(*level, "INFO"), "info");
  EXPECT_EQ(nearest_word(*level, "quiet"), "");
  EXPECT_EQ(nearest_word(*find_setting("BOX_STRICT_SETTINGS"), "Off"), "false");
}

}  // namespace
}  // namespace embergate::app
