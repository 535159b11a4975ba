// SPDX-License-Identifier: Apache-2.0
// What one write costs when a thousand topics listen to its type: finding and evaluating their criteria, over the
// known changes. The criteria are those of tests/data/fhirpath on one type and variants of them, each text once
// (`different`), or the same few texts again and again (`shared`).
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "embergate/topic/catalog.hpp"
#include "support/gzip_lines.hpp"

namespace {

using namespace embergate;
using nlohmann::json;
using topic::Interaction;

constexpr std::size_t kTopics = 1'000;
const std::filesystem::path kData = std::filesystem::path(EMBERGATE_SOURCE_DIR) / "tests/data";

struct Change {
  Interaction interaction = Interaction::kCreate;
  fhir::ResourcePtr previous;
  fhir::ResourcePtr current;
  [[nodiscard]] topic::Change seen(std::string_view type) const {
    return {interaction, type, current.get(), previous.get()};
  }
};

fhir::ResourcePtr part_of(const fhir::Resource& line, std::string_view member) {
  const fhir::Node node = line.root().member(member);
  return node.is_object() ? fhir::Resource::parse(std::string(node.raw())).value() : nullptr;
}

std::vector<Change> changes_of(std::string_view type) {
  std::vector<Change> list;
  for (const std::string& text : test::read_gzip_lines(kData / "events/events.ndjson.gz")) {
    const auto line = fhir::Resource::parse(text).value();
    if (line->root().member("resource").string() != type) continue;
    Change change;
    change.previous = part_of(*line, "previous");
    change.current = part_of(*line, "current");
    change.interaction = !change.current    ? Interaction::kDelete
                         : !change.previous ? Interaction::kCreate
                                            : Interaction::kUpdate;
    list.push_back(std::move(change));
  }
  return list;
}

std::vector<std::string> criteria_of(std::string_view type) {
  std::vector<std::string> list;
  for (const json& row : json::parse(std::ifstream(kData / "fhirpath/triggers.json"))) {
    if (row["resource"] == type) list.push_back(row["criteria"]);
  }
  return list;
}

// The same work under another text: the first constant is another one, or a part is added that decides nothing.
std::string variant_of(const std::string& criterion, std::size_t number) {
  if (number == 0) return criterion;
  const std::size_t quote = criterion.find("= '");
  if (quote == std::string::npos) return fmt::format("({}) or id = 'none-{}'", criterion, number);
  return criterion.substr(0, quote + 3) + fmt::format("v{}-", number) + criterion.substr(quote + 3);
}

topic::Catalog catalog_of(const std::string& type, bool different) {
  const std::vector<std::string> criteria = criteria_of(type);
  std::vector<std::shared_ptr<const topic::SubscriptionTopic>> topics;
  std::vector<std::shared_ptr<const topic::TopicDestination>> destinations;
  for (std::size_t i = 0; i < kTopics; ++i) {
    const std::string url = fmt::format("urn:topic:{}", i);
    const std::string& base = criteria[i % criteria.size()];
    const json body{
        {"resourceType", "AidboxSubscriptionTopic"},
        {"url", url},
        {"status", "active"},
        {"trigger",
         {{{"resource", type}, {"fhirPathCriteria", different ? variant_of(base, i / criteria.size()) : base}}}}};
    std::vector<fhir::Issue> issues;
    const auto parsed = fhir::Resource::parse(body.dump()).value();
    topics.push_back(topic::SubscriptionTopic::parse(*parsed, std::to_string(i), issues));
    if (topics.back() == nullptr) throw std::runtime_error(issues.front().diagnostics);
    auto destination = std::make_shared<topic::TopicDestination>();
    destination->topic_url = url;
    destination->slot = static_cast<std::int64_t>(i);
    destinations.push_back(std::move(destination));
  }
  return {std::move(topics), std::move(destinations), 1};
}

// Time for one write of the type, over all known changes of it in turn.
void match(benchmark::State& state, const std::string& type, bool different) {
  const topic::Catalog catalog = catalog_of(type, different);
  const std::vector<Change> changes = changes_of(type);
  std::size_t fired = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    const Change& change = changes[next++ % changes.size()];
    fired += catalog.match(change.seen(type), {}).slots.size();
  }
  state.counters["fired"] = benchmark::Counter(static_cast<double>(fired), benchmark::Counter::kAvgIterations);
}

// The change that costs most.
void match_slowest(benchmark::State& state, const std::string& type) {
  const topic::Catalog catalog = catalog_of(type, true);
  const std::vector<Change> changes = changes_of(type);
  const Change* slowest = nullptr;
  std::chrono::steady_clock::duration longest{};
  for (const Change& change : changes) {
    benchmark::DoNotOptimize(catalog.match(change.seen(type), {}));
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(catalog.match(change.seen(type), {}));
    const auto spent = std::chrono::steady_clock::now() - start;
    if (spent <= longest) continue;
    longest = spent;
    slowest = &change;
  }
  for (auto _ : state) benchmark::DoNotOptimize(catalog.match(slowest->seen(type), {}));
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* type :
       {"Patient", "Observation", "Encounter", "QuestionnaireResponse", "Task", "MedicationRequest"}) {
    for (const bool different : {true, false}) {
      benchmark::RegisterBenchmark(fmt::format("match_1000_{}/{}", different ? "different" : "shared", type).c_str(),
                                   [type, different](benchmark::State& state) { match(state, type, different); })
          ->Unit(benchmark::kMicrosecond);
    }
    benchmark::RegisterBenchmark(fmt::format("match_1000_slowest_change/{}", type).c_str(),
                                 [type](benchmark::State& state) { match_slowest(state, type); })
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
