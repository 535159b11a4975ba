// SPDX-License-Identifier: Apache-2.0
#include "rest/health_page.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/fake_clock.hpp"

namespace embergate::rest {
namespace {

using observability::HealthResult;
using observability::HealthStatus;
using ::testing::HasSubstr;
using ::testing::Not;
using Reader = HealthPage::Reader;

HealthResult destination(HealthStatus status, const std::string& output) {
  return {status, "kafka", 0, "", output, "kafka:destinations"};
}

class HealthPageTest : public ::testing::Test {
 protected:
  HealthPageTest() {
    options_.version = "1.2.3";
    registry_.add("uptime", [] { return HealthResult{HealthStatus::kPass, "system", 12, "s", "", ""}; });
    registry_.add("kafka:lab", [] { return destination(HealthStatus::kPass, ""); });
    registry_.add("kafka:ward-7", [] { return destination(HealthStatus::kWarn, "broker-1.internal:9093 refused"); });
  }
  nlohmann::json body(Reader reader) { return nlohmann::json::parse(page_.answer(reader).body); }

  observability::HealthRegistry registry_;
  test::FakeClock clock_;
  observability::HealthMonitor monitor_{registry_, clock_, {core::Milliseconds(3'600'000), core::Milliseconds(15'000)}};
  ApiOptions options_;
  HealthPage page_{monitor_, options_};
};

TEST_F(HealthPageTest, EverybodySeesTheStatusAndNoNames) {
  monitor_.start();
  const http::Response answer = page_.answer(Reader::kEverybody);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, Not(HasSubstr("internal")));
  EXPECT_THAT(answer.body, Not(HasSubstr("ward-7")));
  EXPECT_THAT(answer.body, Not(HasSubstr("lab")));
  const auto json = body(Reader::kEverybody);
  EXPECT_EQ(json["status"], "warn");
  EXPECT_EQ(json["checks"]["kafka:destinations"].size(), 1U);
  EXPECT_EQ(json["checks"]["kafka:destinations"][0]["status"], "warn");
  EXPECT_EQ(json["checks"]["uptime"][0]["observedValue"], 12);
}

TEST_F(HealthPageTest, AnAdministratorSeesWhichDestinationAndWhy) {
  monitor_.start();
  const auto json = body(Reader::kAdministrator);
  EXPECT_EQ(json["checks"]["kafka:lab"][0]["status"], "pass");
  EXPECT_EQ(json["checks"]["kafka:ward-7"][0]["output"], "broker-1.internal:9093 refused");
  EXPECT_FALSE(json["checks"].contains("kafka:destinations"));
}

TEST_F(HealthPageTest, AnAdministratorSeesTheErrorCodesAndEverybodyElseNone) {
  registry_.add("kafka:ward-7", [] {
    HealthResult result = destination(HealthStatus::kWarn, "refused");
    result.faults = {core::Fault::kKafkaAuthRefused, core::Fault::kSecretStale, core::Fault::kKafkaAuthRefused};
    return result;
  });
  registry_.add("db:responseTime", [] {
    HealthResult result{HealthStatus::kFail, "database", 3, "ms", "writes fail: full", ""};
    result.faults = {core::Fault::kStoreFull};
    return result;
  });
  monitor_.start();
  const auto json = body(Reader::kAdministrator);
  EXPECT_EQ(json["checks"]["kafka:ward-7"][0]["code"], "kafka.auth-refused");
  EXPECT_EQ(json["checks"]["kafka:ward-7"][0]["codes"], nlohmann::json({"kafka.auth-refused", "secret.stale"}));
  EXPECT_EQ(json["checks"]["db:responseTime"][0]["code"], "store.full");
  EXPECT_FALSE(json["checks"]["kafka:lab"][0].contains("code"));
  EXPECT_FALSE(json["checks"]["kafka:lab"][0].contains("codes"));
  EXPECT_THAT(page_.answer(Reader::kEverybody).body, Not(HasSubstr("\"code")));
  EXPECT_EQ(body(Reader::kEverybody)["checks"]["db:responseTime"][0]["output"], "writes fail: full");
}

TEST_F(HealthPageTest, AFailingCheckIs503) {
  registry_.add("db:responseTime",
                [] { return HealthResult{HealthStatus::kFail, "database", 3, "ms", "writes fail: full", ""}; });
  monitor_.start();
  EXPECT_EQ(page_.answer(Reader::kEverybody).status, 503);
  EXPECT_EQ(body(Reader::kEverybody)["status"], "fail");
}

TEST_F(HealthPageTest, ASnapshotThatIsTooOldIs503AndSaysHowOld) {
  EXPECT_EQ(page_.answer(Reader::kEverybody).status, 503) << "before the first one";
  monitor_.start();
  clock_.advance(std::chrono::seconds(9));
  const http::Response fresh = page_.answer(Reader::kEverybody);
  EXPECT_EQ(fresh.status, 200);
  const auto age = std::find_if(fresh.headers.begin(), fresh.headers.end(),
                                [](const http::Header& header) { return header.name == "Age"; });
  ASSERT_NE(age, fresh.headers.end());
  EXPECT_EQ(age->value, "9");
  clock_.advance(std::chrono::seconds(9));
  EXPECT_EQ(page_.answer(Reader::kEverybody).status, 503);
  EXPECT_EQ(body(Reader::kEverybody)["checks"]["health:age"][0]["observedValue"], 18);
}

}  // namespace
}  // namespace embergate::rest
