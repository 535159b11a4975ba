// SPDX-License-Identifier: Apache-2.0
// Ninety-five topic criteria on two thousand changes and five patients' records: which fire is known for each.
#include <gtest/gtest.h>

#include <map>

#include "trigger_data.hpp"

namespace embergate::fhirpath::test {
namespace {

using nlohmann::json;

Truth decide(const Criterion& criterion, const fhir::ResourcePtr& previous, const fhir::ResourcePtr& current) {
  return criterion.expression->evaluate_truth(context_of(previous, current));
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
