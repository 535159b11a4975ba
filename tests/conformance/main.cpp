// SPDX-License-Identifier: Apache-2.0
// fhirpath_suite: the official FHIRPath suite, all editions side by side. The suite lies in the folder that
// EG_FHIRPATH_SUITE names (scripts/test fetches it); inputs and expectations come with the sources.
// Exit code: 0 as expected, 1 a regression, 2 something could not be read.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "conformance/report.hpp"

namespace {

using namespace embergate;
namespace fs = std::filesystem;

const fs::path kSources = EMBERGATE_SOURCE_DIR;

class Inputs {
 public:
  // nullptr: there is no such file.
  const fhir::Resource* find(const std::string& stem) {
    const auto [place, is_new] = known_.try_emplace(stem);
    if (is_new) place->second = read(kSources / "tests/data/fhirpath/input" / (stem + ".json"));
    return place->second.get();
  }

 private:
  static fhir::ResourcePtr read(const fs::path& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    auto resource = fhir::Resource::parse(text.str());
    return resource ? *std::move(resource) : nullptr;
  }
  std::map<std::string, fhir::ResourcePtr> known_;
};

conformance::Verdict run(const conformance::Case& test, Inputs& inputs, const fhir::Model& model) {
  if (test.input.empty()) return conformance::judge(test, nullptr, model);
  const fhir::Resource* input = inputs.find(test.input);
  if (!input) return {false, "there is no input " + test.input};
  return conformance::judge(test, input, model);
}

core::Result<std::shared_ptr<const fhir::Model>> model_of(const conformance::Edition& edition) {
  using Shared = std::shared_ptr<const fhir::Model>;
  if (edition.model.empty()) return Shared(Shared(), &fhir::Model::r4());
  return fhir::Model::load(kSources / edition.model);
}

core::Result<conformance::Report> run_edition(const conformance::Edition& edition, const fs::path& folder,
                                              Inputs& inputs) {
  EG_TRY(const auto tests, conformance::read_suite(folder / edition.file));
  EG_TRY(const auto model, model_of(edition));
  conformance::Report report{edition, {}};
  for (const conformance::Case& test : tests) report.judged.push_back({test, run(test, inputs, *model)});
  return report;
}

int fail(const core::Error& error) {
  fmt::print(stderr, "{}\n", error.diagnostics);
  return 2;
}

}  // namespace

int main() {
  const char* folder = std::getenv("EG_FHIRPATH_SUITE");
  if (!folder)
    return fail(
        core::make_error(core::ErrorCode::kInvalid, "EG_FHIRPATH_SUITE is not set; run scripts/test conformance"));
  const auto expected = conformance::read_expectations(kSources / "tests/conformance/known_faults.json");
  if (!expected) return fail(expected.error());
  Inputs inputs;
  std::vector<conformance::Report> reports;
  std::vector<std::string> bad;
  for (const conformance::Edition& edition : expected->editions) {
    auto report = run_edition(edition, folder, inputs);
    if (!report) return fail(report.error());
    for (std::string& sentence : conformance::complaints(*report, expected->faults)) bad.push_back(std::move(sentence));
    reports.push_back(*std::move(report));
  }
  fmt::print("{}", conformance::table(reports, expected->faults));
  for (const std::string& sentence : bad) fmt::print("REGRESSION {}\n", sentence);
  return bad.empty() ? 0 : 1;
}
