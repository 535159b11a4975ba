// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace embergate::observability::log {
namespace {

using nlohmann::json;

class LogEvents : public testing::Test {
 protected:
  void SetUp() override {
    configure({.box_id = "box-7", .level = Level::kInfo});
    capture([this](std::string_view line) { lines_.emplace_back(line); });
  }
  void TearDown() override {
    capture(nullptr);
    set_redactor(nullptr);
    configure({});
  }
  std::vector<std::string> lines_;
};

TEST_F(LogEvents, CarryTheKeysOfTheContractInOneLine) {
  event(Level::kWarn, "vault/loaded", "two secrets\nread",
        {{"names", "a,b"}, {"count", std::int64_t{2}}, {"d", 1.5}, {"ok", true}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].find('\n'), std::string::npos);
  const json line = json::parse(lines_[0]);
  EXPECT_EQ(line["tn"], "box-7");
  EXPECT_EQ(line["ev"], "vault/loaded");
  EXPECT_EQ(line["lvl"], "warn");
  EXPECT_EQ(line["msg"], "two secrets\nread");
  EXPECT_EQ(line["names"], "a,b");
  EXPECT_EQ(line["count"], 2);
  EXPECT_EQ(line["d"], 1.5);
  EXPECT_EQ(line["ok"], true);
  const std::string ts = line["ts"];
  EXPECT_EQ(ts.size(), std::string("2026-03-01T08:15:30.123Z").size());
  EXPECT_EQ(ts.back(), 'Z');
}

TEST_F(LogEvents, LeaveOutTheLevelWhenItIsInfo) {
  event(Level::kInfo, "w/req", "");
  const json line = json::parse(lines_.at(0));
  EXPECT_FALSE(line.contains("lvl"));
  EXPECT_FALSE(line.contains("msg"));
}

TEST_F(LogEvents, BelowTheLevelAreNotWritten) {
  event(Level::kDebug, "db/q", "select");
  event_with_json(Level::kTrace, "db/q", "q", "{}");
  EXPECT_TRUE(lines_.empty());
  EXPECT_FALSE(enabled(Level::kDebug));
  configure({.box_id = "box-7", .level = Level::kDebug});
  event(Level::kDebug, "db/q", "select");
  EXPECT_EQ(lines_.size(), 1U);
}

TEST_F(LogEvents, StayValidJsonWhateverTheValueHolds) {
  const std::string odd = std::string("\"\\\x01\x7f\0", 5) + "\xff\xc0\xaf\xed\xa0\x80\xf0\x9f\x94\xa5" + "\xe2\x82";
  event(Level::kError, "e", odd, {{"nan", std::numeric_limits<double>::quiet_NaN()}});
  const json line = json::parse(lines_.at(0));
  EXPECT_TRUE(line["msg"].get<std::string>().find("\xf0\x9f\x94\xa5") != std::string::npos);
  EXPECT_TRUE(line["nan"].is_null());
}

TEST_F(LogEvents, CutValuesThatAreTooLong) {
  std::string text(8191, 'a');
  text += "\xe2\x82\xac and more";
  event(Level::kInfo, "e", text);
  const std::string shown = json::parse(lines_.at(0))["msg"];
  EXPECT_EQ(shown, std::string(8191, 'a') + "\xe2\x82\xac...");
}

TEST_F(LogEvents, PassTheRedactorBeforeTheyAreWritten) {
  set_redactor([](std::string& line) {
    for (std::size_t at = line.find("s3cret"); at != std::string::npos; at = line.find("s3cret"))
      line.replace(at, 6, "***");
  });
  event(Level::kInfo, "e", "password s3cret", {{"again", "s3cret"}});
  event_with_json(Level::kInfo, "topic-destination/status", "status", R"({"error":"s3cret"})");
  ASSERT_EQ(lines_.size(), 2U);
  for (const std::string& line : lines_) EXPECT_EQ(line.find("s3cret"), std::string::npos);
}

TEST_F(LogEvents, TakeJsonOfTheCallerAsOneLine) {
  event_with_json(Level::kInfo, "topic-destination/status", "status", "{\n  \"messagesDelivered\": 3\r\n}");
  EXPECT_EQ(lines_.at(0).find('\n'), std::string::npos);
  EXPECT_EQ(json::parse(lines_.at(0))["status"]["messagesDelivered"], 3);
}

class LogText : public LogEvents {
 protected:
  void SetUp() override {
    LogEvents::SetUp();
    configure({.box_id = "box-7", .level = Level::kInfo, .format = Format::kText});
  }
  // Without the time.
  [[nodiscard]] std::string line(std::size_t at = 0) const { return lines_.at(at).substr(24); }
};

TEST_F(LogText, IsOneLineInColumnsWithTheWholeTimeInUtc) {
  event(Level::kWarn, "vault/warning", "two secrets", {{"names", "a, b"}, {"count", std::int64_t{2}}, {"d", 1.5}});
  event(Level::kInfo, "topic-destination/started", "", {{"id", "events"}, {"ok", true}});
  event(Level::kError, "process/start-failed", "no \"port\"");
  ASSERT_EQ(lines_.size(), 3U);
  EXPECT_EQ(line(0), "  warn   vault/warning              two secrets  names=\"a, b\" count=2 d=1.5");
  EXPECT_EQ(line(1), "  info   topic-destination/started  id=events ok=true");
  EXPECT_EQ(line(2), "  error  process/start-failed       no \"port\"");
  EXPECT_EQ(lines_[0][10], 'T');
  EXPECT_EQ(lines_[0][23], 'Z');
}

TEST_F(LogText, QuotesValuesThatWouldBeReadAsSeveral) {
  event(Level::kInfo, "e", "", {{"a", ""}, {"b", "x=y"}, {"c", "say \"hi\""}, {"d", "one\ntwo"}, {"e", "plain/1"}});
  EXPECT_EQ(line().substr(36), R"(a="" b="x=y" c="say \"hi\"" d="one\ntwo" e=plain/1)");
}

TEST_F(LogText, LetsNoTextOfOthersSteerTheTerminalOrBreakTheLine) {
  const std::string evil =
      "\x1b]0;title\x07\x1b[2J\nx\xC2\x9B"
      "31m\xE2\x80\xAE\xff";
  event(Level::kInfo, evil, evil, {{evil, evil}});
  event_with_json(Level::kInfo, "topic-destination/status", "status", "{\n  \"a\": \"\x1b[2J\"\r\n}");
  for (const std::string& shown : lines_) {
    EXPECT_TRUE(std::all_of(shown.begin(), shown.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; }));
    EXPECT_EQ(shown.find("\xC2\x9B"), std::string::npos);
    EXPECT_EQ(shown.find("\xE2\x80\xAE"), std::string::npos);
  }
  EXPECT_NE(line(0).find("\\u001b]0;title"), std::string::npos) << "what came is still told";
  EXPECT_EQ(line(1).substr(36), R"(status={   "a": "\u001b[2J"  })");
}

TEST_F(LogText, CutsLongValuesAsJsonDoes) {
  event(Level::kInfo, "e", std::string(9000, 'a'), {{"v", std::string(9000, 'b')}});
  EXPECT_EQ(line().substr(36), std::string(8192, 'a') + "...  v=" + std::string(8192, 'b') + "...");
}

// The redactor knows values as they are and as JSON escapes them, not as this text does.
TEST_F(LogText, PassesTheRedactorBeforeItIsEscaped) {
  const std::string secret = "pass\\word\nwith\x1b escapes";
  set_redactor([&](std::string& text) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret))
      text.replace(at, secret.size(), "[secret]");
  });
  event(Level::kInfo, "e", "is " + secret, {{"v", secret}});
  event_with_json(Level::kInfo, "f", "raw", "{\"x\":\"" + secret + "\"}");
  EXPECT_EQ(line(0).substr(36), "is [secret]  v=[secret]");
  EXPECT_EQ(line(1).substr(36), "raw={\"x\":\"[secret]\"}");
}

TEST_F(LogText, ColoursTheLevelAndNothingElse) {
  configure({.box_id = "box-7", .level = Level::kInfo, .format = Format::kText, .colour = true});
  event(Level::kWarn, "vault/warning", "m");
  EXPECT_EQ(line(), "  \x1b[33mwarn \x1b[0m  vault/warning              m");
}

TEST(LogLevel, IsReadFromItsNameOrFallsBack) {
  EXPECT_EQ(level_from("error", Level::kInfo), Level::kError);
  EXPECT_EQ(level_from("trace", Level::kInfo), Level::kTrace);
  EXPECT_EQ(level_from("loud", Level::kWarn), Level::kWarn);
}

TEST(LogOutput, GoesToStandardOutputOneLineAnEvent) {
  testing::internal::CaptureStdout();
  event(Level::kInfo, "first", "{not a format {} %v}");
  event(Level::kInfo, "second", "");
  const std::string out = testing::internal::GetCapturedStdout();
  ASSERT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
  EXPECT_EQ(json::parse(out.substr(0, out.find('\n')))["msg"], "{not a format {} %v}");
}

}  // namespace
}  // namespace embergate::observability::log
