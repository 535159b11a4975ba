// SPDX-License-Identifier: Apache-2.0
// What a small request may make the gateway hold in memory (S-30): answers have a bound of their own, and all that are
// not sent yet have one together. What is stored stays readable, one by one.
#include <fstream>
#include <thread>

#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::size_t kMebibyte = 1024 * 1024;
// AddressSanitizer keeps 256 MiB of what was freed. Without bounds it would be more than a gibibyte.
#ifdef EMBERGATE_SANITIZED
constexpr double kOfTheChecker = 384;
#else
constexpr double kOfTheChecker = 0;
#endif

double peak_mebibytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024.0;
  }
  return 0;
}

class AnswerSize : public GatewayTest {
 protected:
  // A Binary of about this many bytes.
  void put_binary(const std::string& id, std::size_t bytes) {
    const std::string body = R"({"resourceType":"Binary","id":")" + id + R"(","contentType":"text/plain","data":")" +
                             std::string(bytes / 4 * 4, 'A') + "\"}";
    const RestReply made = world.root().send_text("PUT", "/fhir/Binary/" + id, body);
    ASSERT_TRUE(made.status() == 200 || made.status() == 201) << made.status();
  }
  static json reads(const std::string& type, std::size_t count) {
    std::vector<json> entries;
    for (std::size_t i = 0; i < count; ++i)
      entries.push_back({{"request", {{"method", "GET"}, {"url", "Binary/large"}}}});
    return samples::bundle(type, entries);
  }
  static std::map<std::string, std::size_t> statuses(const json& answer) {
    std::map<std::string, std::size_t> counted;
    for (const json& entry : answer["entry"]) ++counted[entry["response"]["status"].get<std::string>()];
    return counted;
  }
};

TEST_F(AnswerSize, ASmallBatchOfManyLargeReadsHoldsNoMoreThanOneAnswerMay) {
  ASSERT_TRUE(world.start());
  put_binary("large", 10 * kMebibyte);
  const double before = peak_mebibytes(world.gateway().pid());
  const RestReply reply = world.root().post("/fhir", reads("batch", 150));
  ASSERT_EQ(reply.status(), 200);
  const auto counted = statuses(reply.json);
  EXPECT_EQ(counted.at("200"), 6U);
  EXPECT_EQ(counted.at("422"), 144U);
  const json& refused = reply.json["entry"].back()["response"]["outcome"];
  EXPECT_EQ(refused["issue"][0]["code"], "too-costly");
  EXPECT_THAT(refused["issue"][0]["diagnostics"].get<std::string>(), HasSubstr("BOX_WEB_MAX_ANSWER"));
  EXPECT_LT(peak_mebibytes(world.gateway().pid()) - before, 64 + 60 + kOfTheChecker)
      << "one answer, and what reading it takes";
}

TEST_F(AnswerSize, ManySuchBatchesAtOnceShareABound) {
  world.gateway().set("BOX_WEB_MAX_ANSWER", std::to_string(12 * kMebibyte));
  world.gateway().set("BOX_WEB_MAX_ANSWERS_TOTAL", std::to_string(24 * kMebibyte));
  ASSERT_TRUE(world.start());
  put_binary("large", 3 * kMebibyte);
  const double before = peak_mebibytes(world.gateway().pid());
  std::vector<std::thread> callers;
  std::vector<std::map<std::string, std::size_t>> answers(20);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    callers.emplace_back([&, i] {
      RestClient client = world.root();
      const RestReply reply = client.post("/fhir", reads("batch", 40));
      if (reply.status() == 200) answers[i] = statuses(reply.json);
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::size_t read = 0;
  for (auto& answer : answers) {
    EXPECT_EQ(answer["200"] + answer["422"] + answer["503"], 40U);
    read += answer["200"];
  }
  EXPECT_GT(read, 3U);
  EXPECT_LT(peak_mebibytes(world.gateway().pid()) - before, 24 + 80 + kOfTheChecker);
  EXPECT_EQ(world.root().get("/fhir/Binary/large").status(), 200) << "all is given back";
}

TEST_F(AnswerSize, AHistoryThatIsTooLargeSaysHowToAskForLess) {
  world.gateway().set("BOX_WEB_MAX_ANSWER", std::to_string(5 * kMebibyte));
  ASSERT_TRUE(world.start());
  for (int i = 0; i < 4; ++i) put_binary("large", 2 * kMebibyte);
  const RestReply all = world.root().get("/fhir/Binary/large/_history");
  EXPECT_EQ(all.status(), 422);
  EXPECT_EQ(all.json["id"], "too-costly") << all;
  EXPECT_EQ(all.json["issue"][0]["code"], "too-costly");
  EXPECT_THAT(all.json["issue"][0]["diagnostics"].get<std::string>(), HasSubstr("_count"));
  const RestReply two = world.root().get("/fhir/Binary/large/_history?_count=2");
  ASSERT_EQ(two.status(), 200) << two;
  EXPECT_EQ(two.json["entry"].size(), 2U);
  EXPECT_EQ(two.json["entry"][1]["resource"]["data"].get<std::string>().size(), 2 * kMebibyte);
}

TEST_F(AnswerSize, AWriteIsDoneAndItsResourceLeftOutWhenTheAnswerHasNoRoom) {
  world.gateway().set("BOX_WEB_MAX_ANSWER", std::to_string(3 * kMebibyte));
  ASSERT_TRUE(world.start());
  for (const char* id : {"a", "b", "c"}) put_binary(id, 2 * kMebibyte);
  std::vector<json> entries;
  for (const char* id : {"a", "b", "c"})
    entries.push_back({{"request", {{"method", "DELETE"}, {"url", std::string("Binary/") + id}}}});
  const RestReply reply = world.root().post("/fhir", samples::bundle("transaction", entries));
  ASSERT_EQ(reply.status(), 200) << reply;
  EXPECT_TRUE(reply.json["entry"][0].contains("resource"));
  for (const int i : {1, 2}) {
    const json& entry = reply.json["entry"][i];
    EXPECT_EQ(entry["response"]["status"], "200");
    EXPECT_FALSE(entry.contains("resource"));
    EXPECT_EQ(entry["response"]["outcome"]["issue"][0]["code"], "too-costly");
  }
  EXPECT_EQ(world.root().get("/fhir/Binary/c").status(), 410);
}

TEST_F(AnswerSize, ATransactionThatReadsTooMuchIsRefusedAndStoresNothing) {
  world.gateway().set("BOX_WEB_MAX_ANSWER", std::to_string(5 * kMebibyte));
  ASSERT_TRUE(world.start());
  put_binary("large", 2 * kMebibyte);
  json bundle = reads("transaction", 3);
  bundle["entry"].insert(bundle["entry"].begin(),
                         samples::bundle_entry("PUT", "Patient/p1", samples::patient("p1", "One")));
  const RestReply reply = world.root().post("/fhir", bundle);
  EXPECT_EQ(reply.status(), 422) << reply;
  EXPECT_EQ(reply.json["issue"][0]["code"], "too-costly");
  EXPECT_EQ(reply.json["issue"][0]["expression"][0], "Bundle.entry[3]");
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 404);
  const RestReply small = world.root().post("/fhir", bundle, {{"Prefer", "return=minimal"}});
  EXPECT_EQ(small.status(), 200) << small;
}

TEST_F(AnswerSize, ReadsThatAreNotAskedForBackHaveABoundToo) {
  world.gateway().set("BOX_WEB_MAX_ANSWER", std::to_string(1 * kMebibyte));
  ASSERT_TRUE(world.start());
  put_binary("large", 900 * 1024);
  const HttpHeaders minimal{{"Prefer", "return=minimal"}};
  EXPECT_EQ(world.root().post("/fhir", reads("transaction", 15), minimal).status(), 200);
  const RestReply refused = world.root().post("/fhir", reads("transaction", 40), minimal);
  EXPECT_EQ(refused.status(), 422) << refused;
  EXPECT_EQ(refused.issue_code(), "too-costly");
  const RestReply batch = world.root().post("/fhir", reads("batch", 40), minimal);
  ASSERT_EQ(batch.status(), 200) << batch;
  EXPECT_EQ(batch.json["entry"][14]["response"]["status"], "200");
  EXPECT_EQ(batch.json["entry"][39]["response"]["status"], "422");
}

}  // namespace
}  // namespace embergate::test
