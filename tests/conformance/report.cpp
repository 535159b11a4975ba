// SPDX-License-Identifier: Apache-2.0
#include "conformance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace embergate::conformance {
namespace {

const Fault* fault_of(const Edition& edition, const Case& test, const std::vector<Fault>& faults) {
  const auto found = std::find_if(faults.begin(), faults.end(), [&](const Fault& fault) {
    return fault.is_of(edition) && fault.group == test.group && fault.name == test.name;
  });
  return found == faults.end() ? nullptr : &*found;
}

std::vector<std::string> groups_of(const std::vector<Report>& reports) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Report& report : reports) {
    for (const Judged& judged : report.judged) {
      if (seen.insert(judged.test.group).second) names.push_back(judged.test.group);
    }
  }
  return names;
}

std::string cells(const Counts& counts) {
  if (counts.passed + counts.failed == 0) return fmt::format(" | {:>6} {:>6}", "-", "-");
  return fmt::format(" | {:>6} {:>6}", counts.passed, counts.failed);
}

std::string heading(const std::vector<Report>& reports) {
  std::string first = fmt::format("{:<32}", "group");
  std::string second = fmt::format("{:<32}", "");
  for (const Report& report : reports) {
    first += fmt::format(" | {:<13}", report.edition.name);
    second += fmt::format(" | {:>6} {:>6}", "passed", "failed");
  }
  return first + "\n" + second + "\n";
}

std::string failures(const Report& report, const std::vector<Fault>& faults) {
  std::string text;
  for (const auto& [test, verdict] : report.judged) {
    if (verdict.passed) continue;
    const Fault* fault = fault_of(report.edition, test, faults);
    text += fmt::format("{} {} / {}: {}\n    {}\n    {}\n", report.edition.name, test.group, test.name,
                        fault ? "error of the suite: " + fault->reason : std::string("failed"), test.expression,
                        verdict.reason);
  }
  return text;
}

}  // namespace

core::Result<Expectations> read_expectations(const std::filesystem::path& file) {
  const auto document = nlohmann::json::parse(std::ifstream(file), nullptr, false);
  if (document.is_discarded()) return core::make_error(core::ErrorCode::kMalformed, file.string() + ": no JSON");
  Expectations all;
  for (const auto& row : document["editions"])
    all.editions.push_back({row["name"], row["file"], row["model"], row["tests"], row["binding"]});
  for (const auto& row : document["faults"])
    all.faults.push_back({row["group"], row["name"], row["editions"], row["reason"]});
  return all;
}

bool Fault::is_of(const Edition& edition) const {
  return std::find(editions.begin(), editions.end(), edition.name) != editions.end();
}

Counts Report::total() const {
  Counts sum;
  for (const Judged& one : judged) ++(one.verdict.passed ? sum.passed : sum.failed);
  return sum;
}

std::map<std::string, Counts> Report::by_group() const {
  std::map<std::string, Counts> groups;
  for (const Judged& one : judged) {
    Counts& counts = groups[one.test.group];
    ++(one.verdict.passed ? counts.passed : counts.failed);
  }
  return groups;
}

std::vector<std::string> complaints(const Report& report, const std::vector<Fault>& faults) {
  std::vector<std::string> sentences;
  if (!report.edition.binding) return sentences;
  const std::string& edition = report.edition.name;
  if (report.judged.size() != report.edition.tests) {
    sentences.push_back(fmt::format("{}: {} tests instead of {}", edition, report.judged.size(), report.edition.tests));
  }
  for (const auto& [test, verdict] : report.judged) {
    const bool is_fault = fault_of(report.edition, test, faults) != nullptr;
    if (verdict.passed && is_fault) {
      sentences.push_back(fmt::format("{}: {} passes; take it from the known faults", edition, test.name));
    } else if (!verdict.passed && !is_fault) {
      sentences.push_back(fmt::format("{}: {} / {} fails", edition, test.group, test.name));
    }
  }
  for (const Fault& fault : faults) {
    if (!fault.is_of(report.edition)) continue;
    const bool is_there = std::any_of(report.judged.begin(), report.judged.end(), [&](const Judged& judged) {
      return judged.test.group == fault.group && judged.test.name == fault.name;
    });
    if (!is_there) sentences.push_back(fmt::format("{}: {} is a known fault, but no test", edition, fault.name));
  }
  return sentences;
}

std::string table(const std::vector<Report>& reports, const std::vector<Fault>& faults) {
  std::string text = heading(reports);
  std::vector<std::map<std::string, Counts>> counts;
  for (const Report& report : reports) counts.push_back(report.by_group());
  for (const std::string& group : groups_of(reports)) {
    text += fmt::format("{:<32}", group);
    for (auto& edition : counts) text += cells(edition[group]);
    text += '\n';
  }
  text += fmt::format("{:<32}", "all");
  for (const Report& report : reports) text += cells(report.total());
  text += "\n\n";
  for (const Report& report : reports) text += failures(report, faults);
  return text;
}

}  // namespace embergate::conformance
