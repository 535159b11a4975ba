// SPDX-License-Identifier: Apache-2.0
// `embergate fhirpath --cases`: a stream of lines {"id","expression","resource"|"resourceFile","previous","current",
// "variables"} gives a line {"id","result":[{"type","value"}]} or {"id","error","position"} for each, in the same order
// (decision 39). Thread: main. Ownership: streams are borrowed. Failure: of a line is that line's answer.
// Bounds: kMaxInputBytes of a line; a longer one is skipped and answered with an error.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>

#include "app/fhirpath_evaluation.hpp"

namespace embergate::app {

class FhirpathCases {
 public:
  // Resource files are looked up in `folder`, then in the working directory.
  FhirpathCases(FhirpathSetting setting, std::filesystem::path folder);

  void run(std::istream& in, std::ostream& out);
  // The answer to one line, without a line end.
  [[nodiscard]] std::string answer(std::string_view line);

 private:
  core::Result<States> states_of(fhir::Node line);
  core::Result<fhir::ResourcePtr> file(std::string_view name);

  FhirpathSetting setting_;
  std::filesystem::path folder_;
  std::string last_file_;  // cases of one file mostly stand together
  fhir::ResourcePtr last_resource_;
};

}  // namespace embergate::app
