// SPDX-License-Identifier: Apache-2.0
// What people see who look at a gateway: its address in a browser, answers laid out, `embergate status`.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class People : public GatewayTest {
 protected:
  ProgramResult command(std::vector<std::string> words) {
    words.insert(words.begin(), gateway_binary());
    Environment environment = world.gateway().environment();
    environment["BOX_WEB_PORT"] = std::to_string(world.gateway().port());
    return run_program(std::move(words), environment, world.directory().path().string());
  }
};

TEST_F(People, AnswersAreLaidOutWhenTheyAreAskedFor) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  for (const std::string path : {"/health", "/fhir/$vault-status", "/fhir/AidboxTopicDestination/events/$status"}) {
    const RestReply plain = world.root().get(path);
    const RestReply pretty = world.root().get(path + "?_pretty=true");
    EXPECT_EQ(pretty.status(), 200) << pretty;
    EXPECT_THAT(pretty.http.body, testing::StartsWith("{\n  \"")) << path;
    EXPECT_EQ(pretty.json.size(), plain.json.size()) << path;
    EXPECT_EQ(plain.http.body.find('\n'), std::string::npos) << path;
  }
}

TEST_F(People, StatusOnTheCommandLineShowsTheGatewayAndADestination) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  EXPECT_TRUE(eventually([&] { return command({"status"}).exit_code.value_or(-1) == 0; }));
  const ProgramResult gateway = command({"status"});
  EXPECT_THAT(gateway.output, AllOf(HasSubstr("pass"), HasSubstr("db:responseTime"), HasSubstr("kafka:events")));
  const ProgramResult destination = command({"status", "events"});
  EXPECT_EQ(destination.exit_code.value_or(-1), 0) << destination.output << destination.error;
  EXPECT_THAT(destination.output, AllOf(HasSubstr("events  pass"), HasSubstr("messagesDelivered  "),
                                        HasSubstr("secrets\n"), HasSubstr("events-jaas")));
  const json answer = json::parse(command({"status", "events", "--json"}).output, nullptr, false);
  EXPECT_EQ(answer["resourceType"], "Parameters");
  EXPECT_EQ(command({"status", "no-such"}).exit_code.value_or(-1), 2);
  world.remove_secret(lane.destination.jaas_secret);
  EXPECT_TRUE(eventually([&] { return command({"status", "events"}).exit_code.value_or(-1) == 1; }));
  EXPECT_THAT(command({"status"}).output, HasSubstr("vault:secrets"));
}

}  // namespace
}  // namespace embergate::test
