// SPDX-License-Identifier: Apache-2.0
// What a run of the suite says: faults known beforehand, counts by group, failures by name, and whether it is good.
// Thread: one. Ownership: values. Failure: an unreadable list of faults gives an error.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "conformance/judge.hpp"
#include "conformance/suite.hpp"

namespace embergate::conformance {

struct Edition {
  std::string name;       // "R4"
  std::string file;       // below the folder of the suite
  std::string model;      // its table below the sources; empty: the built-in one
  std::size_t tests = 0;  // that it must have
  bool binding = false;   // otherwise it is only reported
};

// An error of the suite itself: it is expected to fail in these editions, and the reason is known.
struct Fault {
  std::string group;
  std::string name;
  std::vector<std::string> editions;
  std::string reason;

  [[nodiscard]] bool is_of(const Edition& edition) const;
};

struct Expectations {
  std::vector<Edition> editions;
  std::vector<Fault> faults;
};

core::Result<Expectations> read_expectations(const std::filesystem::path& file);

struct Judged {
  Case test;
  Verdict verdict;
};

struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

struct Report {
  Edition edition;
  std::vector<Judged> judged;

  [[nodiscard]] Counts total() const;
  [[nodiscard]] std::map<std::string, Counts> by_group() const;
};

// Sentences that make a run bad: a failure that is no known fault, a known fault that passes, a wrong number of tests.
// None for an edition that is only reported.
std::vector<std::string> complaints(const Report& report, const std::vector<Fault>& faults);

// The groups in their order with passed and failed of every edition, then each failure.
std::string table(const std::vector<Report>& reports, const std::vector<Fault>& faults);

}  // namespace embergate::conformance
