// SPDX-License-Identifier: Apache-2.0
#include "app/command_hints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::app {
namespace {

using testing::HasSubstr;

std::string hint(const std::vector<std::string>& words) {
  KnownCommand fhirpath{"fhirpath", {"--help", "--explain"}, {}, true};
  KnownCommand vault_check{"check", {"--help", "--json"}, {}, false};
  KnownCommand vault{"vault", {"--help"}, {vault_check}, false};
  KnownCommand serve{"serve", {"--help"}, {}, false};
  const KnownCommand program{"embergate", {"--help", "--version"}, {serve, vault, fhirpath}, false};
  return hint_for(program, words);
}

TEST(CommandHints, AnUnknownCommandNamesTheNearestOrAll) {
  EXPECT_EQ(hint({"vault", "chekc"}), R"(embergate vault has no command "chekc"; did you mean check?)");
  EXPECT_EQ(hint({"sevre"}), R"(embergate has no command "sevre"; did you mean serve?)");
  EXPECT_EQ(hint({"qqqqqqqq"}), R"(embergate has no command "qqqqqqqq"; it has serve, vault, fhirpath)");
  EXPECT_EQ(hint({"serve", "now"}), R"(embergate serve takes no "now")");
}

TEST(CommandHints, AnOptionThatIsASettingNamesItsVariable) {
  const std::string port = "embergate serve has no option --port: settings are environment variables, and this one is ";
  EXPECT_EQ(hint({"serve", "--port", "9090"}), port + "BOX_WEB_PORT");
  EXPECT_EQ(hint({"serve", "--port=9090"}), port + "BOX_WEB_PORT");
  EXPECT_THAT(hint({"--log-level", "debug"}), HasSubstr("BOX_OBSERVABILITY_STDOUT_LOG_LEVEL"));
  EXPECT_THAT(hint({"serve", "--db-path=x"}), HasSubstr("BOX_DB_PATH"));
  EXPECT_THAT(hint({"serve", "--init-bundel"}), HasSubstr("BOX_INIT_BUNDLE"));
  EXPECT_THAT(hint({"serve", "--verbose-mode-please"}), HasSubstr("`embergate settings` lists"));
  EXPECT_THAT(hint({"vault", "check", "--jsno"}), HasSubstr("did you mean --json?"));
}

TEST(CommandHints, AreSilentAboutWhatIsKnown) {
  EXPECT_EQ(hint({}), "");
  EXPECT_EQ(hint({"vault", "check", "--json"}), "");
  EXPECT_EQ(hint({"fhirpath", "Patient.name", "--explain"}), "");
}

}  // namespace
}  // namespace embergate::app
