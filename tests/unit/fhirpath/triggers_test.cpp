// SPDX-License-Identifier: Apache-2.0
// Ninety-five topic criteria on two thousand changes and five patients' records: which fire is known for each.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluation.hpp"
#include "support/gzip_lines.hpp"

namespace embergate::fhirpath::test {
namespace {

using nlohmann::json;

const std::filesystem::path kData = std::filesystem::path(EMBERGATE_SOURCE_DIR) / "tests/data";

json read_json(const std::string& name) { return json::parse(std::ifstream(kData / name)); }

struct Change {
  std::string id;
  std::string interaction;
  std::string type;
  fhir::ResourcePtr previous;
  fhir::ResourcePtr current;
};

fhir::ResourcePtr part_of(const fhir::Resource& line, std::string_view member) {
  const fhir::Node node = line.root().member(member);
  return node.is_object() ? fhir::Resource::parse(std::string(node.raw())).value() : nullptr;
}

const std::vector<Change>& changes() {
  static const std::vector<Change> all = [] {
    std::vector<Change> list;
    for (const std::string& text : embergate::test::read_gzip_lines(kData / "events/events.ndjson.gz")) {
      const auto line = fhir::Resource::parse(text).value();
      const auto field = [&](std::string_view name) { return std::string(line->root().member(name).string()); };
      list.push_back({field("id"), field("interaction"), field("resource"), part_of(*line, "previous"),
                      part_of(*line, "current")});
    }
    return list;
  }();
  return all;
}

struct Criterion {
  std::string id;
  std::string type;
  std::set<std::string> interactions;
  std::shared_ptr<const Expression> expression;
};

std::vector<Criterion> criteria() {
  std::vector<Criterion> list;
  for (const json& row : read_json("fhirpath/triggers.json")) {
    CompileOptions options;
    options.context_type = fhir::Model::r4().find_type(row["resource"].get<std::string>());
    options.variables = {"current", "previous"};
    options.limits.max_wall = std::chrono::minutes(1);  // a busy machine must not decide
    const auto expression = Expression::compile(row["criteria"].get<std::string>(), options);
    EXPECT_TRUE(expression) << row["id"] << " " << (expression ? "" : expression.error().diagnostics);
    if (!expression) continue;
    list.push_back({row["id"], row["resource"], row["interaction"].get<std::set<std::string>>(), *expression});
  }
  return list;
}

Truth decide(const Criterion& criterion, const fhir::ResourcePtr& previous, const fhir::ResourcePtr& current) {
  EvaluationContext context;
  context.resource = current ? current.get() : previous.get();
  context.variables = {{"current", current.get()}, {"previous", previous.get()}};
  context.now = core::parse_instant("2026-01-15T12:00:00Z");
  return criterion.expression->evaluate_truth(context);
}

TEST(Triggers, FireForTheKnownEvents) {
  const json expected = read_json("fhirpath/triggers-expected.json")["events"];
  const auto all = criteria();
  ASSERT_EQ(all.size(), expected.size());
  for (const Criterion& criterion : all) {
    std::size_t tried = 0;
    std::vector<std::string> matched;
    for (const Change& change : changes()) {
      if (change.type != criterion.type || !criterion.interactions.contains(change.interaction)) continue;
      ++tried;
      if (decide(criterion, change.previous, change.current) == Truth::kTrue) matched.push_back(change.id);
    }
    const json& row = expected[criterion.id];
    EXPECT_EQ(tried, row["evaluated"].get<std::size_t>()) << criterion.id;
    EXPECT_EQ(matched, row["ids"].get<std::vector<std::string>>())
        << criterion.id << " " << criterion.expression->text();
  }
}

TEST(Triggers, FireForTheKnownNumberOfResourcesOfEachPatient) {
  const json expected = read_json("fhirpath/triggers-expected.json")["synthea"];
  const auto all = criteria();
  std::map<std::string, std::map<std::string, int>> matched;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kData / "synthea")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".json.gz")) continue;
    ++files;
    const auto bundle = fhir::Resource::parse(embergate::test::read_gzip(entry.path())).value();
    const fhir::Node entries = bundle->root().member("entry");
    for (fhir::Node item = entries.first_child(); item; item = item.next_sibling(entries)) {
      const auto created = fhir::Resource::parse(std::string(item.member("resource").raw())).value();
      for (const Criterion& criterion : all) {
        if (criterion.type == created->type() && decide(criterion, nullptr, created) == Truth::kTrue) {
          ++matched[criterion.id][name.substr(0, name.find('.'))];
        }
      }
    }
  }
  ASSERT_EQ(files, 5U);
  for (const Criterion& criterion : all) {
    for (const auto& [bundle, count] : expected[criterion.id]["bundles"].items()) {
      EXPECT_EQ(matched[criterion.id][bundle], count.get<int>()) << criterion.id << " " << bundle;
    }
  }
}

}  // namespace
}  // namespace embergate::fhirpath::test
