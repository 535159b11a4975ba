// SPDX-License-Identifier: Apache-2.0
// Compiling and evaluating the known criteria on the known changes; one calibration loop to compare machines by.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "embergate/core/time_format.hpp"
#include "embergate/fhirpath/expression.hpp"
#include "support/gzip_lines.hpp"

namespace {

using namespace embergate;
using nlohmann::json;

const std::filesystem::path kData = std::filesystem::path(EMBERGATE_SOURCE_DIR) / "tests/data";

struct Change {
  std::string type;
  std::string interaction;
  fhir::ResourcePtr previous;
  fhir::ResourcePtr current;
};

struct Criterion {
  std::string id;
  std::string type;
  std::string text;
  std::set<std::string> interactions;
};

fhir::ResourcePtr part_of(const fhir::Resource& line, std::string_view member) {
  const fhir::Node node = line.root().member(member);
  return node.is_object() ? fhir::Resource::parse(std::string(node.raw())).value() : nullptr;
}

const std::vector<Change>& changes() {
  static const std::vector<Change> all = [] {
    std::vector<Change> list;
    for (const std::string& text : test::read_gzip_lines(kData / "events/events.ndjson.gz")) {
      const auto line = fhir::Resource::parse(text).value();
      list.push_back({std::string(line->root().member("resource").string()),
                      std::string(line->root().member("interaction").string()), part_of(*line, "previous"),
                      part_of(*line, "current")});
    }
    return list;
  }();
  return all;
}

std::vector<Criterion> criteria() {
  std::vector<Criterion> list;
  for (const json& row : json::parse(std::ifstream(kData / "fhirpath/triggers.json"))) {
    list.push_back({row["id"], row["resource"], row["criteria"], row["interaction"].get<std::set<std::string>>()});
  }
  return list;
}

std::shared_ptr<const fhirpath::Expression> compiled(const Criterion& criterion) {
  fhirpath::CompileOptions options;
  options.context_type = fhir::Model::r4().find_type(criterion.type);
  options.variables = {"current", "previous"};
  return fhirpath::Expression::compile(criterion.text, options).value();
}

void compile_all(benchmark::State& state) {
  const auto all = criteria();
  for (auto _ : state) {
    for (const Criterion& criterion : all) benchmark::DoNotOptimize(compiled(criterion));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
}
BENCHMARK(compile_all)->Unit(benchmark::kMicrosecond);

void evaluate(benchmark::State& state, const Criterion& criterion) {
  const auto expression = compiled(criterion);
  std::vector<fhirpath::EvaluationContext> contexts;
  for (const Change& change : changes()) {
    if (change.type != criterion.type || !criterion.interactions.contains(change.interaction)) continue;
    fhirpath::EvaluationContext& context = contexts.emplace_back();
    context.resource = change.current ? change.current.get() : change.previous.get();
    context.variables = {{"current", change.current.get()}, {"previous", change.previous.get()}};
    context.now = core::parse_instant("2026-01-15T12:00:00Z");
  }
  for (auto _ : state) {
    for (const auto& context : contexts) benchmark::DoNotOptimize(expression->evaluate_truth(context));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(contexts.size()));
}

void calibrate(benchmark::State& state) {
  std::uint64_t value = 88172645463325252ULL;
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
      value ^= value << 13U;
      value ^= value >> 7U;
      value ^= value << 17U;
    }
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(calibrate);

}  // namespace

int main(int argc, char** argv) {
  for (const Criterion& criterion : criteria()) {
    benchmark::RegisterBenchmark(("evaluate/" + criterion.id).c_str(),
                                 [criterion](benchmark::State& state) { evaluate(state, criterion); });
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
