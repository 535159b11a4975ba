// SPDX-License-Identifier: Apache-2.0
#include "app/vault_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "app/printable_stream.hpp"
#include "embergate/observability/log.hpp"
#include "support/temp_dir.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

using test::Said;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class VaultCheck : public testing::Test {
 protected:
  VaultCheck() {
    settings.database.path = directory.file("absent.db");
    settings.vault_config =
        directory.write("vault.json", R"({"secret":{"web":{"path":")" + directory.write("web", "cnry") +
                                          R"(","scope":["Client/a"]}}})");
  }

  // On a terminal.
  [[nodiscard]] Said check(const VaultCheckOptions& options = {}) const {
    std::ostringstream out;
    std::ostringstream error;
    int code = 0;
    {
      PrintableStream for_people(out);
      PrintableStream faults(error);
      code = vault_check(settings, options, for_people, faults);
    }
    observability::log::capture(nullptr);
    return {code, out.str(), error.str()};
  }

  test::TempDir directory;
  Settings settings;
};

TEST_F(VaultCheck, AnswersOnTheStreamThatItIsGiven) {
  const Said text = check();
  EXPECT_EQ(text.code, 0) << text.error;
  EXPECT_THAT(text.out, AllOf(HasSubstr("target policy: first-use"), HasSubstr("web "), HasSubstr(" ok\n"),
                              Not(HasSubstr("cnry"))));
  EXPECT_THAT(text.error, IsEmpty());
  const auto answer = nlohmann::json::parse(check({.as_json = true, .name = "web", .as = ""}).out, nullptr, false);
  EXPECT_EQ(answer.value("/secrets/0/name"_json_pointer, ""), "web");
}

TEST_F(VaultCheck, QuotesNoNameThatSteersTheTerminal) {
  const Said unknown = check({.as_json = false, .name = "x\x1b[31my", .as = ""});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.out, IsEmpty());
  EXPECT_EQ(unknown.error, "secret \"x\\u001b[31my\" is not in the vault config\n");
}

TEST_F(VaultCheck, SaysWhatKeepsItFromCheckingWithoutSteeringTheTerminal) {
  settings.database.path = directory.write("not\x1b[2Ja.db", std::string(4096, 'x'));
  const Said unread = check();
  EXPECT_EQ(unread.code, 0) << unread.out;
  EXPECT_THAT(unread.error, AllOf(HasSubstr("warning: the database cannot be read"), Not(HasSubstr("\x1b"))));
  settings.vault_config = directory.file("no\x1b[2Jne.json");
  const Said refused = check();
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.error, AllOf(HasSubstr("no\\u001b[2Jne.json"), Not(HasSubstr("\x1b"))));
  settings.vault_config.clear();
  const Said without = check();
  EXPECT_EQ(without.code, 2);
  EXPECT_EQ(without.error, "BOX_VAULT_CONFIG is not set: there is nothing to check\n");
}

}  // namespace
}  // namespace embergate::app
