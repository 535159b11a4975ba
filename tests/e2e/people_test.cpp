// SPDX-License-Identifier: Apache-2.0
// What people see who look at a gateway: its address in a browser, answers laid out, `embergate status`, the log on a
// terminal.
#include "e2e/gateway_test.hpp"
#include "support/terminal.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class People : public GatewayTest {
 protected:
  HttpReply send(const std::string& method, const std::string& path, const HttpHeaders& headers = {}) {
    HttpConnection connection(world.gateway().port());
    std::string head = method + " " + path + " HTTP/1.1\r\nHost: gateway\r\n";
    for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
    connection.send(head + "\r\n");
    return connection.read_reply(method == "HEAD");
  }
  ProgramResult command(std::vector<std::string> words) {
    words.insert(words.begin(), gateway_binary());
    Environment environment = world.gateway().environment();
    environment["BOX_WEB_PORT"] = std::to_string(world.gateway().port());
    return run_program(std::move(words), environment, world.directory().path().string());
  }
};

// As browsers ask.
const HttpHeaders kBrowser{{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}};

TEST_F(People, WhoOpensTheAddressInABrowserSeesAPageAndIsAskedForNoPassword) {
  ASSERT_TRUE(world.start());
  const std::string version = world.root().get("/$version").json["version"];
  const HttpReply page = send("GET", "/", kBrowser);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("WWW-Authenticate"), "");
  EXPECT_THAT(std::string(page.header("Content-Security-Policy")), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.body, AllOf(HasSubstr("Embergate"), HasSubstr("/fhir"), Not(HasSubstr(version))));
  const HttpReply head = send("HEAD", "/", kBrowser);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(head.body, "");

  const RestReply stranger = world.anonymous().get("/");
  EXPECT_EQ(stranger.status(), 200) << stranger;
  EXPECT_EQ(stranger.json["name"], "Embergate");
  EXPECT_FALSE(stranger.json.contains("version"));
  EXPECT_EQ(world.root().get("/").json["version"], version);
  EXPECT_EQ(world.client("root", "wrong").get("/").status(), 401);
  EXPECT_EQ(world.anonymous().get("/nothing").status(), 401) << "all else is asked for";
}

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
  // Health is looked at once a second.
  EXPECT_TRUE(eventually([&] {
    const ProgramResult all = command({"status"});
    return all.exit_code.value_or(-1) == 0 && all.output.find("kafka:events") != std::string::npos;
  }));
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

TEST_F(People, OnATerminalTheLogIsTextAndAFaultOfTheStartStandsThereOnce) {
  world.write_vault_config();
  const auto shown = [this](const std::string& name, const std::string& value) {
    Environment environment = world.gateway().environment();
    environment[name] = value;
    Terminal terminal;
    ChildProcess child({{gateway_binary(), "serve"}, environment, terminal.path(), terminal.path()});
    EXPECT_TRUE(eventually([&] { return !terminal.text().empty() && !child.running(); }, std::chrono::seconds(60)));
    return terminal.text();
  };
  const std::string fault = shown("BOX_VAULT_POLL_MS", "soon");
  EXPECT_THAT(fault, testing::StartsWith("embergate: BOX_VAULT_POLL_MS is \"soon\""));
  EXPECT_EQ(fault.find("BOX_VAULT_POLL_MS"), fault.rfind("BOX_VAULT_POLL_MS"));
  EXPECT_THAT(fault, Not(HasSubstr("process/start-failed")));

  const std::string host = shown("BOX_WEB_HOST", "192.0.2.1");
  EXPECT_THAT(host, Not(HasSubstr("\"ev\":")));
  EXPECT_THAT(host.substr(0, host.find("\r\n")),
              testing::AllOf(HasSubstr("process/starting"),
                             HasSubstr("database=" + world.gateway().environment().at("BOX_DB_PATH")),
                             HasSubstr("url=\"http://192.0.2.1:(any free port)\"")));
  EXPECT_THAT(host, HasSubstr("embergate: BOX_WEB_HOST"));
}

}  // namespace
}  // namespace embergate::test
