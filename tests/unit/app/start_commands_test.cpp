// SPDX-License-Identifier: Apache-2.0
// `embergate settings` and `embergate check`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/check_command.hpp"
#include "app/settings_command.hpp"
#include "app/settings_table.hpp"
#include "embergate/observability/log.hpp"
#include "support/temp_dir.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

using nlohmann::json;
using test::Said;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

template <class Command>
Said run(std::vector<std::string> entries, const Command& command) {
  Said said = test::run_with(std::move(entries), command);
  observability::log::capture(nullptr);
  return said;
}

Said list_settings(const std::vector<std::string>& entries, SettingsCommand options = {.json = true}) {
  return run(entries, [&](char** environment, std::ostream& out, std::ostream& error) {
    return settings_command(options, environment, out, error);
  });
}

Said check(const std::vector<std::string>& entries, bool as_json = false) {
  return run(entries, [&](char** environment, std::ostream& out, std::ostream& error) {
    return check_command(as_json, environment, out, error);
  });
}

json setting(const Said& said, const std::string& name) {
  const json answer = json::parse(said.out, nullptr, false);
  if (!answer.is_object()) return {};
  for (const json& one : answer["settings"]) {
    if (one["name"] == name) return one;
  }
  return {};
}

TEST(SettingsCommand, ShowsValueDefaultAndSourceOfEachSetting) {
  const Said said = list_settings({"BOX_WEB_PORT=9090", "BOX_WEB_MAX_BODY=500000000", "AIDBOX_VAULT_CONFIG=/v.json"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_EQ(json::parse(said.out)["settings"].size(), settings_table().size());
  EXPECT_EQ(setting(said, "BOX_WEB_PORT")["value"], "9090");
  EXPECT_EQ(setting(said, "BOX_WEB_PORT")["source"], "environment");
  EXPECT_EQ(setting(said, "BOX_WEB_PORT")["default"], "8080");
  EXPECT_EQ(setting(said, "BOX_ID")["value"], "devbox");
  EXPECT_EQ(setting(said, "BOX_ID")["source"], "default");
  EXPECT_EQ(setting(said, "BOX_WEB_BASE_URL")["value"], "http://localhost:9090") << "as other settings decide it";
  EXPECT_EQ(setting(said, "BOX_WEB_MAX_ANSWERS_TOTAL")["value"], "2000000000");
  EXPECT_EQ(setting(said, "BOX_VAULT_CONFIG")["value"], "/v.json");
  EXPECT_EQ(setting(said, "BOX_VAULT_CONFIG")["source"], "environment") << "by its old name";
}

TEST(SettingsCommand, ShowsThatSecretsAreSetAndThePathsOfTheirFilesButNoValue) {
  test::TempDir directory;
  const std::string path = directory.write("root", "cnry-file\n");
  const std::vector<std::string> entries{"BOX_ROOT_CLIENT_SECRET=cnry-root", "BOX_ROOT_CLIENT_SECRET_FILE=" + path,
                                         "AWS_SECRET_ACCESS_KEY=cnry-key", "AWS_SESSION_TOKEN=cnry-token",
                                         "AWS_ENDPOINT_URL_STS=https://u:cnry-url@sts"};
  for (const SettingsCommand& options : {SettingsCommand{true, false}, {false, true}, {false, false}}) {
    const Said said = list_settings(entries, options);
    EXPECT_EQ(said.code, 0) << said.error;
    EXPECT_THAT(said.out, AllOf(HasSubstr("(set, not shown)"), HasSubstr(path), Not(HasSubstr("cnry"))));
  }
  EXPECT_THAT(list_settings({"BOX_ROOT_CLIENT_SECRET_FILE=cnry-pasted"}).out, Not(HasSubstr("cnry")));
}

TEST(SettingsCommand, PrintsColumnsForPeopleAndFieldsForPrograms) {
  const std::string columns = list_settings({"BOX_ID=one"}, {.columns = true}).out;
  EXPECT_THAT(columns, AllOf(StartsWith("Network\n"), HasSubstr("\n\nSecrets\n"), HasSubstr("default: devbox\n")));
  EXPECT_THAT(list_settings({"BOX_ID=one"}, {}).out,
              AllOf(StartsWith("name\tvalue\tdefault\tsource\n"), HasSubstr("BOX_ID\tone\tdevbox\tenvironment\n")));
}

TEST(SettingsCommand, ShowsNamedSettingsAloneWithWhatTheyMean) {
  const Said said = list_settings({}, {.columns = true, .names = {"BOX_WEB_PORT", "BOX_ID"}});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_THAT(said.out,
              AllOf(HasSubstr("  BOX_WEB_PORT  8080"), HasSubstr("    port of the API; 0: any free one (0 to 65535)\n"),
                    HasSubstr("BOX_ID"), Not(HasSubstr("BOX_WEB_HOST"))));
  const Said unknown = list_settings({}, {.names = {"BOX_WEB_PROT"}});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.error, HasSubstr("did you mean BOX_WEB_PORT?"));
  EXPECT_EQ(unknown.out, "");
}

TEST(SettingsCommand, EndsWithOneAndTheFaultsWhenTheSettingsCannotBeUsed) {
  const Said said = list_settings({"BOX_WEB_PORT=http", "BOX_WEB_PROT=1"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, AllOf(HasSubstr("BOX_WEB_PORT is \"http\""), HasSubstr("BOX_WEB_PROT is not a setting")));
  EXPECT_EQ(json::parse(said.out)["faults"].size(), 2U);
}

TEST(SettingsHelp, NamesTheGroupsTheCommandAndThreeExamples) {
  const std::string help = settings_help();
  EXPECT_THAT(help, HasSubstr("`embergate settings` lists them all"));
  for (const Setting& row : settings_table()) EXPECT_THAT(help, HasSubstr("  " + std::string(row.group) + " ("));
  const std::string examples = help.substr(help.find("Examples:"));
  EXPECT_EQ(std::count(examples.begin(), examples.end(), '\n'), 4);
}

TEST(CheckCommand, TellsTheFaultsOfSettingsVaultConfigAndInitBundleAtOnce) {
  test::TempDir directory;
  const std::string config = directory.write("vault.json", "{\n  \"secret\": oops\n}");
  const std::string bundle = directory.write("init.json", "{\"resourceType\":\n \"Bundle\",}");
  const std::vector<std::string> entries{"BOX_WEB_PORT=http", "BOX_VAULT_CONFIG=" + config,
                                         "BOX_INIT_BUNDLE=file://" + bundle};
  const Said said = check(entries);
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("BOX_WEB_PORT is \"http\""));
  EXPECT_THAT(said.out,
              HasSubstr("BOX_VAULT_CONFIG: vault config " + config + ": is not valid JSON at line 2, column 13"));
  EXPECT_THAT(said.out, testing::ContainsRegex("BOX_INIT_BUNDLE: " + bundle + ": .*line 2, column"));
  const json answer = json::parse(check(entries, true).out);
  EXPECT_EQ(answer["faults"].size(), 3U) << answer;
}

TEST(CheckCommand, TellsWhyAnInitBundleCannotBeReadWithItsPath) {
  test::TempDir directory;
  const auto fault = [](const std::string& location) { return check({"BOX_INIT_BUNDLE=" + location}).out; };
  EXPECT_EQ(fault(directory.file("absent")), "BOX_INIT_BUNDLE: " + directory.file("absent") + " does not exist\n");
  EXPECT_THAT(fault(directory.path().string()), HasSubstr(directory.path().string() + " is a directory"));
  const std::string other = directory.write("patient.json", R"({"resourceType":"Patient"})");
  EXPECT_THAT(fault(other), HasSubstr(other + " must hold a Bundle of type transaction or batch"));
  EXPECT_THAT(fault("https://u:cnry@h/b.json"), AllOf(HasSubstr("only file://"), Not(HasSubstr("cnry"))));
}

TEST(CheckCommand, LeavesAPipeWithTheInitBundleToTheStart) {
  test::TempDir directory;
  const std::string pipe = directory.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(check({"BOX_INIT_BUNDLE=" + pipe}).code, 0);
  const std::string large = directory.write(
      "large.json", R"({"resourceType":"Bundle","type":"batch","x":")" + std::string(300'000, 'x') + "\"}");
  EXPECT_EQ(check({"BOX_INIT_BUNDLE=" + large}).code, 0) << check({"BOX_INIT_BUNDLE=" + large}).out;
  EXPECT_THAT(check({"BOX_INIT_BUNDLE=" + directory.write("empty.json", "")}).out, HasSubstr("empty.json: "));
}

TEST(CheckCommand, TellsThatTheFolderOfTheDatabaseDoesNotExist) {
  test::TempDir directory;
  const std::string path = directory.file("no/such/gateway.db");
  const Said said = check({"BOX_DB_PATH=" + path});
  EXPECT_EQ(said.out,
            "BOX_DB_PATH is \"" + path + "\": " + directory.file("no/such") + " does not exist; make the directory\n");
  EXPECT_EQ(said.code, 1);
}

TEST(CheckCommand, EndsWithZeroAndTheWarningsWhenAllCanBeUsed) {
  test::TempDir directory;
  const std::string config = directory.write("vault.json", R"({"secret":{"a":{"path":"/a","scope":["Client"]}}})");
  const Said said = check({"BOX_VAULT_CONFIG=" + config, "BOX_DB_HOST=db"});
  EXPECT_EQ(said.code, 0) << said.out;
  EXPECT_EQ(said.out, "settings, vault config and init bundle can be used\n");
  EXPECT_THAT(said.error, AllOf(HasSubstr("is open to every Client"), HasSubstr("BOX_DB_HOST is a setting of Aidbox")));
}

}  // namespace
}  // namespace embergate::app
