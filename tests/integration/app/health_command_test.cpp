// SPDX-License-Identifier: Apache-2.0
// `embergate health` against a listener that answers by script.
#include "app/health_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "integration/app/scripted_listener.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

using Result = test::Said;
using test::Listener;
using testing::HasSubstr;

Result ask(const std::string& port, std::optional<std::chrono::milliseconds> wait = std::nullopt) {
  return test::run_with({"BOX_WEB_PORT=" + port, "BOX_WEB_HOST=0.0.0.0"},
                        [&](char** environment, std::ostream& out, std::ostream& error) {
                          return health_command(environment, wait, out, error);
                        });
}

TEST(HealthCommand, EndsWithZeroAndShowsTheBodyWhenTheGatewayIsWell) {
  Listener listener("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"status\":\"warn\"}");
  const Result result = ask(std::to_string(listener.port()));
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.out, "{\"status\":\"warn\"}\n");
  EXPECT_THAT(listener.asked(), testing::StartsWith("GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST(HealthCommand, EndsWithOneWhenTheGatewayIsIllOrSaysNothing) {
  Listener ill("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"fail\"}");
  const Result failed = ask(std::to_string(ill.port()));
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.error, HasSubstr("answered HTTP/1.1 503 Service Unavailable"));
  EXPECT_EQ(failed.out, "{\"status\":\"fail\"}\n");
  Listener silent("");
  const Result nothing = ask(std::to_string(silent.port()));
  EXPECT_EQ(nothing.code, 1);
  EXPECT_THAT(nothing.error, HasSubstr("answered nothing"));
}

TEST(HealthCommand, LetsNoAnswerSteerTheTerminal) {
  Listener listener("HTTP/1.1 503 \x1b]0;x\x07\r\n\r\n{\n\"status\":\"\x1b[2J\"}");
  const Result result = ask(std::to_string(listener.port()));
  EXPECT_EQ(result.out, "{\n\"status\":\"\\u001b[2J\"}\n");
  EXPECT_THAT(result.error, HasSubstr("answered HTTP/1.1 503 \\u001b]0;x\\u0007\n"));
}

const std::string kWell = "HTTP/1.1 200 OK\r\n\r\n{\"status\":\"pass\"}";
const std::string kIll = "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"fail\"}";

// A port that was free a moment ago.
std::string silent_port() {
  Listener gone("");
  static_cast<void>(ask(std::to_string(gone.port())));
  return std::to_string(gone.port());
}

TEST(HealthCommand, WaitsThroughFailuresAndSilenceUntilTheGatewayIsWell) {
  Listener listener({kIll, "", kIll, kWell});
  const std::string port = std::to_string(listener.port());
  const Result result = ask(port, std::chrono::seconds(60));
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.out, "{\"status\":\"pass\"}\n");
  EXPECT_EQ(result.error, "waiting up to 60 s until the gateway at 127.0.0.1:" + port + " says pass or warn\n");
}

TEST(HealthCommand, EndsWithOneAtTheEndOfTheWaitWhenTheGatewaySaidFail) {
  Listener listener(kIll);  // and no word after it
  const Result result = ask(std::to_string(listener.port()), std::chrono::seconds(1));
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "{\"status\":\"fail\"}\n");
  EXPECT_THAT(result.error, HasSubstr("answered HTTP/1.1 503 Service Unavailable"));
}

TEST(HealthCommand, EndsWithThreeAtTheEndOfTheWaitWhenNothingEverAnswered) {
  const std::string port = silent_port();
  const Result result = ask(port, std::chrono::milliseconds(250));
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.error, HasSubstr("no gateway answers at 127.0.0.1:" + port));
}

TEST(HealthCommand, EndsWithOneWhenNobodyListensAndWithTwoWhenTheSettingsNameNoPort) {
  const std::string port = silent_port();
  const Result nobody = ask(port);
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.error, HasSubstr("no gateway answers at 127.0.0.1:" + port));
  const Result senseless = ask("0");
  EXPECT_EQ(senseless.code, 2);
  EXPECT_THAT(senseless.error, HasSubstr("BOX_WEB_PORT"));
}

}  // namespace
}  // namespace embergate::app
