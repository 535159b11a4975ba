// SPDX-License-Identifier: Apache-2.0
// `embergate backup` beside a gateway at work, and what the gateway makes of a backup that was put in its place.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <thread>

#include "e2e/gateway_test.hpp"
#include "support/kafka_consumer.hpp"
#include "support/load.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class BackupCommand : public GatewayTest {
 protected:
  ProgramResult backup(std::vector<std::string> arguments,
                       std::chrono::milliseconds deadline = std::chrono::seconds(60)) {
    arguments.insert(arguments.begin(), {gateway_binary(), "backup"});
    return run_program(std::move(arguments), world.gateway().environment(), world.directory().path().string(), false,
                       deadline);
  }
  std::string file(const std::string& name) const { return world.directory().file(name); }
  std::string database() { return world.gateway().environment().at("BOX_DB_PATH"); }

  // As docs/operate.md says: stop, put the file in place, start.
  void restore(const std::string& from, const std::string& to) {
    ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
    std::filesystem::create_directories(std::filesystem::path(to).parent_path());
    std::filesystem::copy_file(from, to);
    world.gateway().set("BOX_DB_PATH", to);
    ASSERT_TRUE(world.start());
  }

  // Every version of the load's patients up to one, whole.
  std::map<std::int64_t, json> versions_up_to(std::int64_t newest,
                                              const std::map<std::string, std::vector<std::int64_t>>& known) {
    std::map<std::int64_t, json> found;
    RestClient client = world.root();
    client.keep_connection();
    for (const auto& [name, ignored] : known) {
      const RestReply reply = client.get("/fhir/" + name + "/_history?_count=1000");
      if (reply.status() == 404) continue;
      EXPECT_EQ(reply.status(), 200) << name << ": " << reply;
      for (const auto& entry : reply.json.value("entry", json::array())) {
        const std::int64_t version = std::stoll(entry["resource"]["meta"]["versionId"].get<std::string>());
        if (version <= newest) found[version] = {entry["resource"], entry["request"]["method"]};
      }
    }
    return found;
  }
};

TEST_F(BackupCommand, UnderWritesEndsAndGivesAWholeStateBack) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  LoadOptions options;
  options.writers = 4;
  options.writes_per_second = 200;
  options.deletes_every = 23;
  Load load(options, [this] { return world.root(); }, [this] { return world.gateway().port(); });
  ASSERT_TRUE(eventually([&] { return load.accepted() > 300; }));
  const ProgramResult made = backup({"--json", file("copy.db")});
  ASSERT_EQ(made.exit_code.value_or(-1), 0) << made.error;
  const std::uint64_t then = load.accepted();
  EXPECT_TRUE(eventually([&] { return load.accepted() > then + 100; })) << "writes go on";
  load.stop();
  EXPECT_EQ(load.refused(), 0U);
  const json facts = json::parse(made.output);
  EXPECT_TRUE(facts["copy"].get<bool>());
  struct stat status{};
  ASSERT_EQ(stat(file("copy.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);

  const ProgramResult checked = backup({"--check", "--json", file("copy.db")});
  EXPECT_EQ(checked.exit_code.value_or(-1), 0) << checked.output << checked.error;
  EXPECT_TRUE(json::parse(checked.output)["sound"].get<bool>());
  EXPECT_EQ(json::parse(checked.output)["newestVersion"], facts["newestVersion"]);
  EXPECT_EQ(backup({"--check"}).exit_code.value_or(-1), 0) << "the database, beside its gateway";

  const auto newest = facts["newestVersion"].get<std::int64_t>();
  const auto expected = versions_up_to(newest, load.versions());
  EXPECT_GT(expected.size(), 300U);
  restore(file("copy.db"), file("elsewhere/gateway.db"));
  EXPECT_EQ(versions_up_to(std::numeric_limits<std::int64_t>::max(), load.versions()), expected);
}

TEST_F(BackupCommand, ARestoreNeverGivesAnEventNumberTwiceWithAnotherMeaning) {
  const KafkaLane lane = world.add_lane("events", false);  // nothing is delivered before the copy is made
  json destination = lane.destination.json();
  destination["includeEventEpoch"] = true;
  ASSERT_TRUE(world.start());
  const json topic = samples::topic(samples::kTopicUrl, {samples::trigger("Patient")});
  ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", destination).status(), 201);
  const double first_epoch = world.status_number("events", "eventEpoch");
  EXPECT_EQ(first_epoch, 1);
  ASSERT_EQ(world.root().put("/fhir/Patient/a", samples::patient("a", "Kept")).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/b", samples::patient("b", "Kept")).status(), 201);
  const ProgramResult made = backup({file("copy.db")});
  ASSERT_EQ(made.exit_code.value_or(-1), 0) << made.error;
  EXPECT_THAT(made.output, HasSubstr("is a backup"));
  ASSERT_EQ(world.root().put("/fhir/Patient/c", samples::patient("c", "Lost")).status(), 201);
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(world.drained("events", 3));
  restore(file("copy.db"), file("elsewhere/gateway.db"));
  const double second_epoch = world.status_number("events", "eventEpoch");
  EXPECT_GT(second_epoch, first_epoch);
  ASSERT_EQ(world.root().put("/fhir/Patient/d", samples::patient("d", "Other")).status(), 201);
  EXPECT_TRUE(eventually([&] { return world.status_number("events", "messagesQueued") == 0; }));

  std::map<std::string, std::string> record_of_id;
  std::map<std::int64_t, std::set<std::string>> ids_of_number;
  std::map<std::string, double> epoch_of_id;
  const auto records = consume_all(lane.destination.kafka_topic, 6);
  EXPECT_EQ(records.size(), 6U) << "two of the copy's queue once more";
  for (const ConsumedRecord& record : records) {
    const json bundle = json::parse(record.value.value_or(""));
    const json& status = bundle["entry"][0]["resource"];
    const std::string id = status["id"];
    const auto [known, is_new] = record_of_id.emplace(id, record.value.value_or(""));
    EXPECT_EQ(known->second, record.value) << "an event that is sent again is the same bytes";
    const json& event = status["notificationEvent"][0];
    ids_of_number[event["eventNumber"]].insert(id);
    epoch_of_id[id] = event["extension"][0]["valueDecimal"];
  }
  EXPECT_EQ(record_of_id.size(), 4U);
  ASSERT_EQ(ids_of_number[3].size(), 2U) << "two events have the number, and two ids";
  std::set<double> epochs;
  for (const std::string& id : ids_of_number[3]) epochs.insert(epoch_of_id[id]);
  EXPECT_EQ(epochs, (std::set<double>{first_epoch, second_epoch}));
  EXPECT_EQ(ids_of_number[1].size(), 1U);

  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  ASSERT_TRUE(world.start());
  EXPECT_EQ(world.status_number("events", "eventEpoch"), second_epoch) << "a start alone raises nothing";
}

TEST_F(BackupCommand, RefusesWhatWouldOverwriteAndSaysWhy) {
  ASSERT_TRUE(world.start());
  world.directory().write("there", "precious");
  std::filesystem::create_symlink(file("nowhere"), file("dangling"));
  for (const char* name : {"there", "dangling"}) {
    const ProgramResult refused = backup({file(name)});
    EXPECT_EQ(refused.exit_code.value_or(-1), 1) << name;
    EXPECT_THAT(refused.error, HasSubstr(file(name) + " exists already"));
  }
  EXPECT_EQ(read_file(file("there")), "precious");
  EXPECT_FALSE(std::filesystem::exists(file("nowhere")));
  EXPECT_EQ(backup({}).exit_code.value_or(-1), 2);
  EXPECT_EQ(backup({"--check", "--mark", file("there")}).exit_code.value_or(-1), 2);
  const ProgramResult broken = backup({"--check", "--json", file("there")});
  EXPECT_EQ(broken.exit_code.value_or(-1), 1);
  EXPECT_THAT(broken.error, HasSubstr(file("there") + ": the file is not a sound SQLite database"));
  EXPECT_THAT(broken.error + broken.output, Not(HasSubstr("BOX_DB_PATH"))) << "another file was named";
  const json faults = json::parse(broken.output)["faults"];
  EXPECT_TRUE(faults.is_array() && faults.size() == 1) << faults;
  const ProgramResult used = backup({"--mark", database()});
  EXPECT_EQ(used.exit_code.value_or(-1), 1);
  EXPECT_THAT(used.error, HasSubstr("another process already uses the database"));
}

TEST_F(BackupCommand, ThatIsKilledOrMeetsAFullDiskLeavesNoBackup) {
  ASSERT_TRUE(world.start());
  RestClient root = world.root();
  for (int i = 0; i < 40; ++i) {
    json binary{{"resourceType", "Binary"}, {"contentType", "text/plain"}, {"data", std::string(2'000'000, 'A')}};
    ASSERT_EQ(root.post("/fhir/Binary", binary).status(), 201);
  }
  const std::string target = file("copies/copy.db");
  std::filesystem::create_directories(file("copies"));
  const auto in_copies = [&] {
    return std::distance(std::filesystem::directory_iterator(file("copies")), std::filesystem::directory_iterator{});
  };
  // Files may not grow beyond a size: the write fails as on a full disk.
  const ProgramResult full =
      run_program({"/bin/sh", "-c", "ulimit -f 20000; exec \"$0\" backup \"$1\"", gateway_binary(), target},
                  world.gateway().environment(), world.directory().path().string());
  EXPECT_EQ(full.exit_code.value_or(-1), 1) << full.error;
  EXPECT_THAT(full.error, HasSubstr("cannot write " + target));
  EXPECT_EQ(in_copies(), 0);

  for (int tried = 0; tried < 5; ++tried) {
    ChildOptions options;
    options.command = {gateway_binary(), "backup", target};
    options.environment = world.gateway().environment();
    options.output_file = file("out");
    options.error_file = file("err");
    ChildProcess child(options);
    eventually([&] { return in_copies() > 0 || !child.running(); }, std::chrono::seconds(20),
               std::chrono::milliseconds(1));
    child.kill();
    if (std::filesystem::exists(target)) {  // it was quicker
      EXPECT_EQ(backup({"--check", target}).exit_code.value_or(-1), 0);
      std::filesystem::remove(target);
    }
  }
  ASSERT_EQ(backup({target}).exit_code.value_or(-1), 0);
  EXPECT_EQ(in_copies(), 1) << "what the killed ones left is gone";
}

}  // namespace
}  // namespace embergate::test
