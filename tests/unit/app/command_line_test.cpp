// SPDX-License-Identifier: Apache-2.0
// The command line, and what is written from its table: the manual pages that docs/man holds, and shell completion.
#include "app/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "app/completion.hpp"
#include "app/manual.hpp"
#include "app/settings_table.hpp"
#include "architecture/source_tree.hpp"
#include "support/temp_dir.hpp"

namespace embergate::app {
namespace {

using test::kRoot;
using test::text_of;
using testing::HasSubstr;
using testing::IsEmpty;

CommandTree tree() { return CommandLine("embergate 0").tree(); }

std::vector<std::string> paths_of(const CommandTree& command, const std::string& path) {
  std::vector<std::string> paths{path};
  for (const CommandTree& one : command.commands) {
    for (const std::string& each : paths_of(one, path + " " + one.name)) paths.push_back(each);
  }
  return paths;
}

struct Said {
  std::optional<int> code;
  std::string out;
  std::string error;
};

Said parse(CommandLine& line, std::vector<std::string> words) {
  words.insert(words.begin(), "embergate");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  std::ostringstream out;
  std::ostringstream error;
  const auto code = line.parse(static_cast<int>(words.size()), pointers.data(), out, error);
  return {code, out.str(), error.str()};
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t got = fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), got);
  pclose(pipe);
  return text;
}

bool is_there(const std::string& program) { return !output_of("command -v " + program).empty(); }

TEST(CommandLine, KnowsWhichCommandWasGiven) {
  CommandLine line("embergate 0");
  EXPECT_FALSE(parse(line, {"vault", "check", "--json"}).code);
  EXPECT_TRUE(line.given("vault check"));
  EXPECT_FALSE(line.given("check"));
  EXPECT_TRUE(line.json);
  CommandLine wrong("embergate 0");
  const Said said = parse(wrong, {"vault", "chekc"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.error, HasSubstr("did you mean check?"));
  CommandLine help("embergate 0");
  EXPECT_EQ(parse(help, {"health", "--help"}).code, 0);
}

TEST(CommandLine, EveryCommandStandsInTheManualWithItsExitCodes) {
  const std::string docs = text_of(kRoot / "docs/configure.md");
  for (const std::string& path : paths_of(tree(), "embergate")) {
    if (path == "embergate vault") continue;
    EXPECT_THAT(docs, HasSubstr("`" + path)) << "docs/configure.md";
  }
  for (const CommandTree& command : tree().commands) EXPECT_THAT(command.exit_codes, testing::Not(IsEmpty()));
}

TEST(ManualPages, InDocsManAreWhatTheProgramWrites) {
  EXPECT_EQ(text_of(kRoot / "docs/man/embergate.1"), manual_of_commands(tree()))
      << "write it again: embergate man > docs/man/embergate.1";
  EXPECT_EQ(text_of(kRoot / "docs/man/embergate-settings.7"), manual_of_settings())
      << "write it again: embergate man settings > docs/man/embergate-settings.7";
}

TEST(ManualPages, NameEveryCommandOptionAndSetting) {
  const std::string commands = manual_of_commands(tree());
  for (const std::string& path : paths_of(tree(), "embergate")) EXPECT_THAT(commands, HasSubstr(path));
  EXPECT_THAT(commands, HasSubstr("\\fB\\-\\-log\\-limit\\fR \\fIMIB\\fR"));
  const std::string settings = manual_of_settings();
  for (const Setting& row : settings_table()) EXPECT_THAT(settings, HasSubstr("\\fB" + std::string(row.name) + "\\fR"));
}

TEST(ManualPages, AreCleanToTheFormatters) {
  for (const char* page : {"embergate.1", "embergate-settings.7"}) {
    const std::string file = (kRoot / "docs/man" / page).string();
    const std::string of_groff = is_there("groff") ? output_of("groff -man -ww -Tascii -z '" + file + "' 2>&1") : "";
    EXPECT_EQ(of_groff, "");
    // They name the version and no day, which would not be the page's.
    const std::string lint = "mandoc -T lint -W style '" + file + "' 2>&1 | grep -v 'missing date'";
    EXPECT_EQ(is_there("mandoc") ? output_of(lint) : "", "");
  }
}

class Completion : public testing::Test {
 protected:
  // What bash offers for the last of the words.
  std::string offered(const std::string& words) {
    const std::string script = directory_.write("completion.bash", completion_script("bash", tree()));
    return output_of("bash -c '. " + script + "; COMP_WORDS=(" + words +
                     "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _embergate; echo \"${COMPREPLY[*]}\"'");
  }
  test::TempDir directory_;
};

TEST_F(Completion, OfBashOffersCommandsOptionsAndSettings) {
  EXPECT_EQ(offered("embergate vault ch"), "check\n");
  EXPECT_EQ(offered("embergate vault check --j"), "--json\n");
  EXPECT_EQ(offered("embergate ba"), "backup\n");
  EXPECT_EQ(offered("embergate settings BOX_WEB_TLS"), "BOX_WEB_TLS_CERT BOX_WEB_TLS_KEY\n");
  EXPECT_EQ(offered("embergate completion f"), "fish\n");
  EXPECT_EQ(offered("embergate man s"), "settings\n");
  EXPECT_EQ(offered("embergate backup nothing-of-that-name"), "\n") << "bash offers files then";
}

TEST_F(Completion, IsValidInEachShellThatIsThere) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string text = completion_script(shell, tree());
    for (const Setting& row : settings_table()) EXPECT_THAT(text, HasSubstr(std::string(row.name))) << shell;
    if (!is_there(shell)) continue;
    const std::string script = directory_.write(std::string("completion.") + shell, text);
    EXPECT_EQ(output_of(std::string(shell) + " -n " + script + " 2>&1"), "") << shell;
  }
}

}  // namespace
}  // namespace embergate::app
