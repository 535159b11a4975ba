// SPDX-License-Identifier: Apache-2.0
// Everything at once, at random: writes, refused bundles, a stopped process, sizes that the broker refuses for a while,
// a destination that is deleted and made again, rotations in both orders, wrong logins. Whatever happens, each
// committed version that a destination wants is on Kafka, or waits with a reason that $waiting shows; nothing else is
// anywhere. EG_MIX_SECONDS (20) makes it longer, EG_MIX_SEED repeats it.
#include <algorithm>
#include <csignal>
#include <random>
#include <set>

#include "robustness/mix_writers.hpp"
#include "robustness/robustness_test.hpp"
#include "support/pause.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

constexpr std::size_t kWriters = 4;
constexpr double kWritesPerSecond = 60;
constexpr const char* kSmallLimit = "3000";
constexpr const char* kLargeLimit = "1048588";

std::uint32_t number_from(const char* name, std::uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::stoul(text));
}

using Versions = std::map<std::string, std::set<std::int64_t>>;  // resource -> versions

std::size_t count(const Versions& versions) {
  std::size_t sum = 0;
  for (const auto& [resource, numbers] : versions) sum += numbers.size();
  return sum;
}

// One life of a destination: who gets which versions.
struct Life {
  KafkaLane lane;
  bool keyed = true;
  bool women_only = false;
  std::int64_t first = 0;         // version of its creation: what is written later is its own
  std::int64_t last = INT64_MAX;  // version of its deletion
  bool limit_stays_small = false;
  bool discarded = false;  // deleted with events in its queue
  [[nodiscard]] bool wants(const AcceptedWrite& write) const {
    return write.version > first && write.version < last && (!women_only || write.woman);
  }
};

class RandomMix : public RobustnessTest {
 protected:
  void make_topic(const std::string& url, const std::string& criterion) {
    const RestReply made = world.root().post("/fhir/AidboxSubscriptionTopic",
                                             samples::topic(url, {samples::trigger("Patient", criterion)}));
    ASSERT_EQ(made.status(), 201) << made;
  }

  // The Kafka topic of each life is its own, so that every record belongs to one life.
  bool begin(Life& life) {
    life.lane.destination.kafka_topic = world.kafka().create_topic("mix");
    json body = life.lane.destination.json();
    for (json& parameter : body["parameter"]) {
      if (parameter["name"] == "keyByResourceId") parameter["valueBoolean"] = life.keyed;
    }
    const RestReply made = world.root().post("/fhir/AidboxTopicDestination", body);
    EXPECT_EQ(made.status(), 201) << made;
    life.first = made.version();
    return made.status() == 201;
  }

  Life make_life(const std::string& id, const std::string& topic_url, bool keyed) {
    Life life;
    life.lane = world.add_lane(id);
    life.lane.destination.topic_url = topic_url;
    life.keyed = keyed;
    return life;
  }

  void set_limit(const Life& life, const char* bytes) {
    world.kafka().set_topic_setting(life.lane.destination.kafka_topic, "max.message.bytes", bytes);
  }

  // What waits, whatever its state, as $waiting lists it page by page.
  Versions waiting(const Life& life) {
    Versions all;
    std::string cursor;
    do {
      const std::string place = "/fhir/AidboxTopicDestination/" + life.lane.destination.id + "/$waiting?_count=1000";
      const RestReply page = world.root().post(place + (cursor.empty() ? "" : "&_cursor=" + cursor), json::object());
      EXPECT_EQ(page.status(), 200) << page;
      if (page.status() != 200) return all;
      cursor.clear();
      for (const json& parameter : page.json["parameter"]) {
        if (parameter["name"] == "next") cursor = parameter["valueString"];
        if (parameter["name"] == "row") add_row(parameter["part"], all);
      }
    } while (!cursor.empty());
    return all;
  }

  static void add_row(const json& parts, Versions& all) {
    std::map<std::string, std::string> texts;
    for (const json& part : parts) {
      for (const char* kind : {"valueString", "valueCode"}) {
        if (part.contains(kind)) texts[part["name"]] = part[kind];
      }
    }
    EXPECT_FALSE(texts["reason"].empty()) << parts;
    all[texts["resource"]].insert(std::stoll(texts["versionId"]));
  }

  // --- what happens at random

  void refuse_a_bundle() {
    std::vector<json> entries;
    for (int i = 0; i < 3; ++i) {
      json patient = samples::patient("refused-" + std::to_string(i), "Refused");
      patient["gender"] = "female";
      patient["contact"] = json::array();
      for (std::size_t k = 0; k < kDenseContacts; ++k) patient["contact"].push_back({{"name", {{"family", "R"}}}});
      entries.push_back(samples::bundle_entry("PUT", "Patient/refused-" + std::to_string(i), patient));
    }
    json last = samples::patient("refused-last", "Refused");
    last["managingOrganization"] = {{"reference", "Organization/absent"}};
    entries.push_back(samples::bundle_entry("PUT", "Patient/refused-last", last));
    EXPECT_EQ(world.root().post("/fhir", samples::bundle("transaction", entries)).status(), 422);
    ++refused_bundles;
  }

  void stop_the_process() {
    ::kill(world.gateway().pid(), SIGSTOP);
    const auto pause = std::chrono::milliseconds(std::uniform_int_distribution<int>(20, 400)(random));
    stand_still(pause);
    ::kill(world.gateway().pid(), SIGCONT);
    ++pauses;
  }

  void change_a_limit() {
    const Life& life = *lives[random() % 2];
    set_limit(life, random() % 2 == 0 ? kSmallLimit : kLargeLimit);
    ++limits;
  }

  // Deletes the moving destination, politely while its queue is empty, else by force once in a while, and makes it
  // again.
  void move_the_destination() {
    Life& life = *lives.back();
    const bool force = random() % 3 == 0;
    const std::string place = "/fhir/AidboxTopicDestination/" + life.lane.destination.id;
    const RestReply gone = world.root().remove(place + (force ? "?discard=true" : ""));
    if (gone.status() == 409) {
      EXPECT_FALSE(force) << gone;
      ++kept_destinations;
      return;
    }
    ASSERT_EQ(gone.status(), 200) << gone;
    life.last = gone.version();
    life.discarded = force;
    auto next = std::make_unique<Life>(life);
    next->last = INT64_MAX;
    next->discarded = false;
    ASSERT_TRUE(begin(*next));
    lives.push_back(std::move(next));
    ++moves;
  }

  void rotate() {
    Life& life = *lives[random() % 2];
    const std::string fresh = world.password("mix-" + std::to_string(++rotations));
    const auto pause = std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 1'000)(random));
    if (random() % 2 == 0) {
      world.set_broker_password(life.lane, fresh);
      stand_still(pause);
      world.set_file_password(life.lane, fresh);
    } else {
      world.set_file_password(life.lane, fresh);
      stand_still(pause);
      world.set_broker_password(life.lane, fresh);
    }
  }

  void log_in_wrongly() {
    for (int i = 0; i < 15; ++i) {
      const std::string user = i % 3 == 0 ? "root" : "nobody-" + std::to_string(random() % 5);
      const int status = world.client(user, "wrong-" + std::to_string(i)).get("/fhir/Patient/m0-0").status();
      EXPECT_TRUE(status == 401 || status == 429) << status;
    }
    ++wrong_logins;
  }

  void something_happens() {
    switch (random() % 12) {
      case 0:
      case 1:
        return refuse_a_bundle();
      case 2:
      case 3:
      case 4:
        return stop_the_process();
      case 5:
      case 6:
      case 7:
        return change_a_limit();
      case 8:
      case 9:
        return move_the_destination();
      case 10:
        return rotate();
      default:
        return log_in_wrongly();
    }
  }

  // --- what must hold

  // Nothing is on its way. Where the limit stays small, what Kafka refuses goes on waiting.
  bool settled(const Life& life) {
    const std::string& id = life.lane.destination.id;
    const double queued = world.status_number(id, "messagesQueued");
    if (world.status_number(id, "messagesInProcess") != 0) return false;
    return queued == 0 || (life.limit_stays_small && queued == static_cast<double>(count(waiting(life))));
  }

  static Versions delivered(const EventLog& log) {
    Versions all;
    for (const Event& event : log.events) all[event.type + "/" + event.id].insert(event.version);
    return all;
  }

  void judge(const Life& life, const std::vector<AcceptedWrite>& writes) {
    Versions expected;
    for (const AcceptedWrite& write : writes) {
      if (life.wants(write)) expected[write.resource].insert(write.version);
    }
    const Versions held = life.last == INT64_MAX ? waiting(life) : Versions();
    const EventLog log = world.events(life.lane, life.discarded ? 0 : count(expected) - count(held), false);
    EXPECT_TRUE(log.faults.empty()) << in_words(log.faults);
    Versions seen = delivered(log);
    for (const auto& [resource, versions] : seen) {
      for (const std::int64_t version : versions) {
        EXPECT_TRUE(expected[resource].contains(version))
            << life.lane.destination.id << ": " << resource << "/" << version
            << " is on Kafka and was not committed, or not wanted";
      }
    }
    for (const auto& [resource, versions] : expected) {
      for (const std::int64_t version : versions) {
        const bool waits = held.contains(resource) && held.at(resource).contains(version);
        EXPECT_TRUE(seen[resource].contains(version) || waits || life.discarded)
            << life.lane.destination.id << ": " << resource << "/" << version << " is neither on Kafka nor waiting";
      }
    }
    if (life.keyed) expect_rising(life, log);
    events += log.events.size();
    kept += count(held);
  }

  static void expect_rising(const Life& life, const EventLog& log) {
    for (const auto& [resource, versions] : log.versions()) {
      EXPECT_TRUE(std::is_sorted(versions.begin(), versions.end())) << life.lane.destination.id << ": " << resource;
    }
  }

  std::mt19937 random{number_from("EG_MIX_SEED", 1)};
  std::vector<std::unique_ptr<Life>> lives;  // keyed, unkeyed, judged, then the lives of the moving one
  int refused_bundles = 0, pauses = 0, limits = 0, moves = 0, kept_destinations = 0, rotations = 0, wrong_logins = 0;
  std::size_t events = 0, kept = 0;
};

TEST_F(RandomMix, EveryCommittedMatchingVersionIsOnKafkaOrWaitsWithAReason) {
  const std::string women = "http://gw.example/topics/women";
  lives.push_back(std::make_unique<Life>(make_life("keyed", samples::kTopicUrl, true)));
  lives.push_back(std::make_unique<Life>(make_life("unkeyed", samples::kTopicUrl, false)));
  lives.push_back(std::make_unique<Life>(make_life("judged", women, true)));
  lives.back()->women_only = true;
  lives.push_back(std::make_unique<Life>(make_life("moving", samples::kTopicUrl, true)));
  ASSERT_TRUE(world.start());
  ASSERT_NO_FATAL_FAILURE(make_topic(samples::kTopicUrl, ""));
  ASSERT_NO_FATAL_FAILURE(make_topic(women, kCostlyCriterion));
  for (const auto& life : lives) ASSERT_TRUE(begin(*life));

  MixWriters writers(kWriters, kWritesPerSecond, random(), [this] { return world.root(); });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(number_from("EG_MIX_SECONDS", 20));
  while (std::chrono::steady_clock::now() < end && !HasFatalFailure()) {
    const std::uint64_t before = writers.accepted();
    something_happens();
    EXPECT_TRUE(eventually([&] { return writers.accepted() > before + 10; }, std::chrono::seconds(60)))
        << "writes stand";
  }
  // What is too long from now on waits to the end.
  set_limit(*lives[1], kSmallLimit);
  lives[1]->limit_stays_small = true;
  const std::uint64_t before = writers.accepted();
  EXPECT_TRUE(eventually([&] { return writers.accepted() > before + 100; }, std::chrono::seconds(60)));
  writers.stop();
  EXPECT_THAT(writers.refusals(), testing::IsEmpty());
  set_limit(*lives[0], kLargeLimit);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (lives[i]->last != INT64_MAX) continue;
    EXPECT_TRUE(
        eventually([&] { return settled(*lives[i]); }, std::chrono::seconds(240), std::chrono::milliseconds(200)))
        << world.status(lives[i]->lane.destination.id);
  }
  const std::vector<AcceptedWrite> writes = writers.writes();
  for (const auto& life : lives) judge(*life, writes);
  std::printf(
      "writes %zu, events %zu, waiting %zu; bundles refused %d, pauses %d, limits %d, destinations moved %d and "
      "kept %d, rotations %d, wrong logins %d\n",
      writes.size(), events, kept, refused_bundles, pauses, limits, moves, kept_destinations, rotations, wrong_logins);
}

}  // namespace
}  // namespace embergate::test
