// SPDX-License-Identifier: Apache-2.0
// The criteria and events of tests/data, for tests that evaluate the ones on the others.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "embergate/core/time_format.hpp"
#include "embergate/fhirpath/expression.hpp"
#include "support/gzip_lines.hpp"

namespace embergate::fhirpath::test {

inline const std::filesystem::path kData = std::filesystem::path(EMBERGATE_SOURCE_DIR) / "tests/data";

inline nlohmann::json read_json(const std::string& name) { return nlohmann::json::parse(std::ifstream(kData / name)); }

struct Change {
  std::string id;
  std::string interaction;
  std::string type;
  fhir::ResourcePtr previous;
  fhir::ResourcePtr current;
};

inline fhir::ResourcePtr part_of(const fhir::Resource& line, std::string_view member) {
  const fhir::Node node = line.root().member(member);
  return node.is_object() ? fhir::Resource::parse(std::string(node.raw())).value() : nullptr;
}

inline const std::vector<Change>& changes() {
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

inline std::vector<Criterion> criteria() {
  std::vector<Criterion> list;
  for (const nlohmann::json& row : read_json("fhirpath/triggers.json")) {
    CompileOptions options;
    options.context_type = fhir::Model::r4().find_type(row["resource"].get<std::string>());
    options.variables = {"current", "previous"};
    const auto expression = Expression::compile(row["criteria"].get<std::string>(), options);
    EXPECT_TRUE(expression) << row["id"] << " " << (expression ? "" : expression.error().diagnostics);
    if (!expression) continue;
    list.push_back({row["id"], row["resource"], row["interaction"].get<std::set<std::string>>(), *expression});
  }
  return list;
}

inline EvaluationContext context_of(const fhir::ResourcePtr& previous, const fhir::ResourcePtr& current) {
  EvaluationContext context;
  context.resource = current ? current.get() : previous.get();
  context.variables = {{"current", current.get()}, {"previous", previous.get()}};
  context.now = core::parse_instant("2026-01-15T12:00:00Z");
  return context;
}

}  // namespace embergate::fhirpath::test
