// SPDX-License-Identifier: Apache-2.0
#include "app/start_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/variables.hpp"

namespace embergate::app {
namespace {

namespace log = observability::log;
using testing::HasSubstr;
using testing::Not;

SettingsReading reading_of(std::vector<std::string> entries) {
  test::Variables variables(std::move(entries));
  return read_all_settings(variables.get());
}

log::Options options_of(const std::vector<std::string>& entries, bool terminal) {
  return log_options(reading_of(entries).settings, terminal);
}

TEST(LogFormat, IsTextOnATerminalAndJsonElsewhereUnlessItIsSet) {
  EXPECT_EQ(options_of({}, true).format, log::Format::kText);
  EXPECT_EQ(options_of({}, false).format, log::Format::kJson);
  EXPECT_EQ(options_of({"BOX_OBSERVABILITY_STDOUT_LOG_FORMAT=json"}, true).format, log::Format::kJson);
  EXPECT_EQ(options_of({"BOX_OBSERVABILITY_STDOUT_LOG_FORMAT=text"}, false).format, log::Format::kText);
  EXPECT_THAT(reading_of({"BOX_OBSERVABILITY_STDOUT_LOG_FORMAT=pretty"}).faults,
              testing::ElementsAre(HasSubstr("it must be one of json, text")));
}

TEST(LogFormat, HasColourOnATerminalThatTakesItAndNowhereElse) {
  EXPECT_TRUE(options_of({"TERM=xterm"}, true).colour);
  EXPECT_FALSE(options_of({"TERM=xterm", "NO_COLOR=1"}, true).colour);
  EXPECT_FALSE(options_of({"TERM=dumb"}, true).colour);
  EXPECT_FALSE(options_of({}, true).colour);
  EXPECT_FALSE(options_of({"BOX_OBSERVABILITY_STDOUT_LOG_FORMAT=text"}, false).colour);
}

TEST(LogOfTheStart, BeginsWithVersionDatabaseUrlAndWhereSettingsComeFrom) {
  const SettingsReading reading =
      reading_of({"BOX_WEB_HOST=::1", "BOX_WEB_PORT=9090", "BOX_DB_PATH=./gateway.db",
                  "BOX_ROOT_CLIENT_SECRET=cnry-root", "AIDBOX_VAULT_CONFIG=/v.json", "HOME=/root"});
  std::string line;
  log::capture([&](std::string_view text) { line = text; });
  log_starting(reading);
  log::capture(nullptr);
  const auto event = nlohmann::json::parse(line);
  EXPECT_EQ(event["ev"], "process/starting");
  EXPECT_THAT(event["msg"].get<std::string>(), testing::StartsWith("5 of "));
  EXPECT_EQ(event["version"], EMBERGATE_VERSION);
  EXPECT_EQ(event["database"], (std::filesystem::current_path() / "gateway.db").string());
  EXPECT_EQ(event["url"], "http://[::1]:9090");
  EXPECT_EQ(event["settings"], "BOX_WEB_HOST, BOX_WEB_PORT, BOX_DB_PATH, BOX_ROOT_CLIENT_SECRET, AIDBOX_VAULT_CONFIG");
  EXPECT_THAT(line, Not(HasSubstr("cnry")));
}

}  // namespace
}  // namespace embergate::app
