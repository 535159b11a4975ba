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
