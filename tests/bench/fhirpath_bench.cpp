// SPDX-License-Identifier: Apache-2.0
// Compiling the known criteria, and evaluating them on the known changes and on the patients' resources. Every time is
// the best of several turns of the same work, warm and over parsed resources, so that other processes count little.
// What depends on the machine is also told as a ratio to a loop of plain arithmetic.
//   embergate_fhirpath_bench [FILE]   prints a summary; FILE gets all figures as JSON, times in nanoseconds
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
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
constexpr int kTurns = 5;
constexpr int kRepeats = 8;

volatile std::uint64_t used = 0;  // keeps results alive

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

using ExpressionPtr = std::shared_ptr<const fhirpath::Expression>;

fhir::ResourcePtr part_of(const fhir::Resource& line, std::string_view member) {
  const fhir::Node node = line.root().member(member);
  return node.is_object() ? fhir::Resource::parse(std::string(node.raw())).value() : nullptr;
}

std::vector<Change> known_changes() {
  std::vector<Change> list;
  for (const std::string& text : test::read_gzip_lines(kData / "events/events.ndjson.gz")) {
    const auto line = fhir::Resource::parse(text).value();
    list.push_back({std::string(line->root().member("resource").string()),
                    std::string(line->root().member("interaction").string()), part_of(*line, "previous"),
                    part_of(*line, "current")});
  }
  return list;
}

// Every resource of the patients' records as if it were created; criteria of any interaction look at it.
std::vector<Change> synthea_resources() {
  std::vector<Change> list;
  for (const auto& entry : std::filesystem::directory_iterator(kData / "synthea")) {
    if (!entry.path().filename().string().ends_with(".json.gz")) continue;
    const auto bundle = fhir::Resource::parse(test::read_gzip(entry.path())).value();
    const fhir::Node entries = bundle->root().member("entry");
    for (fhir::Node item = entries.first_child(); item; item = item.next_sibling(entries)) {
      auto created = fhir::Resource::parse(std::string(item.member("resource").raw())).value();
      std::string type(created->type());
      list.push_back({std::move(type), "", nullptr, std::move(created)});
    }
  }
  return list;
}

std::vector<Criterion> criteria() {
  std::vector<Criterion> list;
  for (const json& row : json::parse(std::ifstream(kData / "fhirpath/triggers.json"))) {
    list.push_back({row["id"], row["resource"], row["criteria"], row["interaction"].get<std::set<std::string>>()});
  }
  return list;
}

// The plain ones of which a topic mostly consists.
std::vector<Criterion> simple_criteria() {
  const std::set<std::string> all{"create", "update", "delete"};
  return {{"status", "Observation", "status = 'final'", all},
          {"type and status", "Observation", "Observation.status = 'final'", all},
          {"status changed", "Observation", "%current.status != %previous.status", all}};
}

ExpressionPtr compiled(const Criterion& criterion) {
  fhirpath::CompileOptions options;
  options.context_type = fhir::Model::r4().find_type(criterion.type);
  options.variables = {"current", "previous"};
  return fhirpath::Expression::compile(criterion.text, options).value();
}

// Nanoseconds of one call of `work`: the best of kTurns means of `repeats` calls.
template <class Work>
double best_time(int repeats, const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e18;
  for (int turn = 0; turn < kTurns; ++turn) {
    const auto begin = Clock::now();
    for (int i = 0; i < repeats; ++i) work();
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / repeats);
  }
  return best;
}

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

json summary(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double time : times) sum += time;
  return {{"count", times.size()},          {"p50", percentile(times, 0.50)},          {"p95", percentile(times, 0.95)},
          {"p99", percentile(times, 0.99)}, {"max", times.empty() ? 0 : times.back()}, {"sum", sum}};
}

double calibration() {
  return best_time(1000, [] {
    std::uint64_t value = 88172645463325252ULL;
    for (int i = 0; i < 1000; ++i) {
      value ^= value << 13U;
      value ^= value >> 7U;
      value ^= value << 17U;
    }
    used = used + value;
  });
}

json compile_times(const std::vector<Criterion>& all) {
  std::vector<double> times;
  for (const Criterion& criterion : all) {
    times.push_back(best_time(kRepeats, [&] { used = used + compiled(criterion)->text().size(); }));
  }
  return summary(std::move(times));
}

bool looks_at(const Criterion& criterion, const Change& change) {
  return change.type == criterion.type &&
         (change.interaction.empty() || criterion.interactions.contains(change.interaction));
}

double evaluation_time(const fhirpath::Expression& expression, const Change& change, std::size_t& matches) {
  fhirpath::EvaluationContext context;
  context.resource = change.current ? change.current.get() : change.previous.get();
  context.variables = {{"current", change.current.get()}, {"previous", change.previous.get()}};
  context.now = core::parse_instant("2026-01-15T12:00:00Z");
  if (expression.evaluate_truth(context) == fhirpath::Truth::kTrue) ++matches;
  return best_time(kRepeats, [&] { used = used + static_cast<std::uint64_t>(expression.evaluate_truth(context)); });
}

json evaluation_times(const std::vector<Criterion>& all, const std::vector<Change>& changes) {
  std::vector<double> every;
  json by_criterion = json::object();
  for (const Criterion& criterion : all) {
    const ExpressionPtr expression = compiled(criterion);
    std::vector<double> times;
    std::size_t matches = 0;
    for (const Change& change : changes) {
      if (looks_at(criterion, change)) times.push_back(evaluation_time(*expression, change, matches));
    }
    every.insert(every.end(), times.begin(), times.end());
    if (times.empty()) continue;
    by_criterion[criterion.id] = summary(std::move(times));
    by_criterion[criterion.id]["matches"] = matches;
  }
  return {{"all", summary(std::move(every))}, {"criteria", std::move(by_criterion)}};
}

double parse_time(const std::vector<Change>& changes) {
  std::size_t bytes = 0;
  double nanoseconds = 0;
  for (const Change& change : changes) {
    if (!change.current) continue;
    const std::string text(change.current->text());
    bytes += text.size();
    nanoseconds += best_time(1, [&] { used = used + fhir::Resource::parse(text).value()->node_count(); });
  }
  return static_cast<double>(bytes) / nanoseconds;  // GB/s
}

double worst_p99(const json& criteria) {
  double worst = 0;
  for (const json& one : criteria) worst = std::max(worst, one["p99"].get<double>());
  return worst;
}

void print(const json& figures) {
  const auto row = [](std::string_view name, const json& one) {
    fmt::print("{:<34} {:>7} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f}\n", name, one["count"].get<std::size_t>(),
               one["p50"].get<double>() / 1e3, one["p95"].get<double>() / 1e3, one["p99"].get<double>() / 1e3,
               one["max"].get<double>() / 1e3);
  };
  fmt::print("{:<34} {:>7} {:>10} {:>10} {:>10} {:>10}\n", "microseconds", "count", "p50", "p95", "p99", "max");
  row("compile", figures["compile"]);
  row("evaluate on the changes", figures["events"]["all"]);
  row("evaluate on Synthea resources", figures["synthea"]["all"]);
  for (const auto& [name, one] : figures["simple"]["criteria"].items()) row("simple: " + name, one);
  fmt::print("worst p99 of a criterion: {:.3f} on the changes, {:.3f} on Synthea resources\n",
             worst_p99(figures["events"]["criteria"]) / 1e3, worst_p99(figures["synthea"]["criteria"]) / 1e3);
  fmt::print("parse: {:.2f} GB/s; all {} evaluations: {:.2f} ms, {:.0f} calibration loops\n",
             figures["parse_gb_per_s"].get<double>(), figures["events"]["all"]["count"].get<std::size_t>(),
             figures["events"]["all"]["sum"].get<double>() / 1e6, figures["sum_per_calibration"].get<double>());
}

}  // namespace

int main(int argc, char** argv) {
  const auto all = criteria();
  const auto changes = known_changes();
  json figures;
  figures["calibration"] = calibration();
  figures["compile"] = compile_times(all);
  figures["parse_gb_per_s"] = parse_time(changes);
  figures["events"] = evaluation_times(all, changes);
  figures["synthea"] = evaluation_times(all, synthea_resources());
  figures["simple"] = evaluation_times(simple_criteria(), changes);
  figures["calibration"] = std::min(figures["calibration"].get<double>(), calibration());
  figures["sum_per_calibration"] = figures["events"]["all"]["sum"].get<double>() / figures["calibration"].get<double>();
  print(figures);
  if (argc > 1) std::ofstream(argv[1]) << figures.dump(1) << '\n';
  return 0;
}
