// SPDX-License-Identifier: Apache-2.0
// `embergate status` against a listener that answers by script.
#include "app/status_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "integration/app/scripted_listener.hpp"
#include "support/temp_dir.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

using test::Listener;
using test::Said;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Said status(const StatusCommand& command, std::vector<std::string> entries) {
  return test::run_with(std::move(entries), [&](char** environment, std::ostream& out, std::ostream& error) {
    return status_command(command, environment, out, error);
  });
}

Said status_at(const Listener& listener, const StatusCommand& command = {}) {
  return status(command, {"BOX_WEB_HOST=0.0.0.0", "BOX_WEB_PORT=" + std::to_string(listener.port()),
                          "BOX_ROOT_CLIENT_ID=admin", "BOX_ROOT_CLIENT_SECRET=cnry-root"});
}

std::string answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string health(const std::string& of_all, const std::string& of_events = "pass") {
  return R"({"status":")" + of_all + R"(","checks":{"kafka:events":[{"status":")" + of_events +
         R"(","output":"no broker answers"}]}})";
}

TEST(StatusCommand, AsksForHealthAsTheRootClientAndSaysByItsCodeWhetherAllIsWell) {
  Listener listener(answer(health("pass")));
  const Said well = status_at(listener);
  EXPECT_EQ(well.code, 0) << well.error;
  EXPECT_THAT(well.out, AllOf(HasSubstr("http://127.0.0.1:"), HasSubstr("  pass"), HasSubstr("kafka:events  pass")));
  EXPECT_THAT(listener.asked(), AllOf(testing::StartsWith("GET /health HTTP/1.1\r\n"),
                                      HasSubstr("Authorization: Basic YWRtaW46Y25yeS1yb290\r\n")));
  Listener ill(answer(health("fail", "warn"), "503 Service Unavailable"));
  const Said trouble = status_at(ill);
  EXPECT_EQ(trouble.code, 1);
  EXPECT_THAT(trouble.out, HasSubstr("kafka:events  warn          no broker answers"));
}

TEST(StatusCommand, ShowsTheStatusOfADestinationAndTheGatewaysJudgementOfIt) {
  const std::string parameters =
      R"({"resourceType":"Parameters","parameter":[{"name":"messagesQueued","valueDecimal":7},{"name":"connected","valueBoolean":true}]})";
  Listener listener({answer(parameters), answer(health("pass"))});
  const Said well = status_at(listener, {.destination = "events"});
  EXPECT_EQ(well.code, 0) << well.error;
  EXPECT_THAT(well.out, AllOf(HasSubstr("events  pass"), HasSubstr("messagesQueued  7\n")));
  Listener warned({answer(parameters), answer(health("warn", "warn"))});
  EXPECT_EQ(status_at(warned, {.destination = "events"}).code, 1);
  Listener other({answer(parameters), answer(health("warn"))});
  const Said json = status_at(other, {.destination = "events", .json = true});
  EXPECT_EQ(json.code, 0) << "the trouble is another one's";
  EXPECT_EQ(json.out, parameters + "\n");
}

TEST(StatusCommand, EndsWithTwoForAWrongCredentialOrDestinationAndSaysWhatTheGatewaySays) {
  Listener refusing(answer(R"({"issue":[{"diagnostics":"Authentication is required"}]})", "401 Unauthorized"));
  const Said refused = status_at(refusing, {.destination = "events"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.error, AllOf(HasSubstr("401 Unauthorized: Authentication is required"),
                                   HasSubstr("BOX_ROOT_CLIENT_SECRET_FILE"), Not(HasSubstr("cnry"))));
  Listener without(answer(R"({"issue":[{"diagnostics":"there is none \u001b[2J"}]})", "404 Not Found"));
  const Said unknown = status_at(without, {.destination = "other"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.error, HasSubstr("there is none \\u001b[2J"));
  EXPECT_EQ(status({.destination = "../Client/x"}, {}).code, 2);
  EXPECT_EQ(status({}, {"BOX_WEB_PORT=0"}).code, 2);
  const Said secret = status({}, {"BOX_ROOT_CLIENT_SECRET_FILE=/no/such/file"});
  EXPECT_EQ(secret.code, 2);
  EXPECT_THAT(secret.error, HasSubstr("/no/such/file"));
}

TEST(StatusCommand, EndsWithThreeWhenNothingAnswers) {
  int port = 0;
  {
    Listener gone("");
    port = gone.port();
    EXPECT_EQ(status_at(gone).code, 3) << "it says nothing";
  }
  const Said result = status({}, {"BOX_WEB_PORT=" + std::to_string(port)});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.error, HasSubstr("no gateway answers at 127.0.0.1:"));
}

// While the gateway is down any user may listen at its port, and got the root client's credential.
TEST(StatusCommand, SendsNoCredentialToAProgramOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  constexpr uid_t kOther = 4711;
  const auto asked_of_other = [&](std::vector<std::string> settings) {
    Listener listener({answer(health("pass"))}, kOther);
    settings.push_back("BOX_WEB_PORT=" + std::to_string(listener.port()));
    const Said said = status({}, std::move(settings));
    return std::pair(said, listener.asked());
  };
  const std::string secret = "BOX_ROOT_CLIENT_SECRET=cnry-root";
  const auto [refused, nothing] = asked_of_other({secret});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.error, AllOf(HasSubstr("no credential was sent"), HasSubstr("uid 4711"), HasSubstr("--url")));
  EXPECT_EQ(nothing, "");
  const auto [open, asked] = asked_of_other({});
  EXPECT_EQ(open.code, 0) << "without a credential it may be anyone: " << open.error;
  EXPECT_THAT(asked, Not(HasSubstr("Authorization")));

  test::TempDir directory;
  const std::string database = directory.write("gateway.db", "");
  ASSERT_EQ(::chown(database.c_str(), kOther, 0), 0);
  EXPECT_THAT(asked_of_other({secret, "BOX_DB_PATH=" + database}).second, HasSubstr("Authorization: Basic"))
      << "who has the gateway's data is the gateway";
  ASSERT_EQ(::chmod(directory.path().c_str(), 01777), 0);
  EXPECT_EQ(asked_of_other({secret, "BOX_DB_PATH=" + database}).second, "") << "everybody may put a file there";
}

TEST(StatusCommand, SendsNoCredentialInClearToAnotherMachine) {
  const Said clear = status({.url = "http://gateway.example:8080"}, {"BOX_ROOT_CLIENT_SECRET=cnry-root"});
  EXPECT_EQ(clear.code, 2);
  EXPECT_THAT(clear.error, HasSubstr("use https"));
  EXPECT_EQ(status({.url = "gateway"}, {}).code, 2);
  Listener listener(answer(health("pass")));
  const std::string url = "http://127.0.0.1:" + std::to_string(listener.port()) + "/gateway/";
  EXPECT_EQ(status({.url = url}, {"BOX_WEB_PORT=1"}).code, 0);
  EXPECT_THAT(listener.asked(), testing::StartsWith("GET /gateway/health HTTP/1.1\r\n"));
}

TEST(StatusCommand, PutsAnAnswerInPartsTogether) {
  const std::string all = health("pass");
  const std::string chunks = "a\r\n" + all.substr(0, 10) + "\r\n" +
                             [&] {
                               std::ostringstream size;
                               size << std::hex << all.size() - 10;
                               return size.str();
                             }() +
                             "\r\n" + all.substr(10) + "\r\n0\r\n\r\n";
  Listener listener("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
  const Said result = status_at(listener, {.json = true});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.out, all + "\n");
}

}  // namespace
}  // namespace embergate::app
