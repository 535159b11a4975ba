// SPDX-License-Identifier: Apache-2.0
// `embergate fhirpath`: tries an expression on a resource, explains how its result came about, checks it without a
// resource, or runs a file of cases (decision 39; docs/fhirpath-command.md). It reads files and opens nothing else.
// Thread: main. Ownership: streams are borrowed. Failure: exit code 0 evaluated, 1 the evaluation failed, 2 the
// expression or the usage is wrong; a file of cases gives 0 once it could be opened.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace embergate::app {

struct FhirpathOptions {
  std::string expression;
  std::string resource_file;  // "-" is standard input, here and below
  std::string previous_file;
  std::string cases_file;
  std::string type;                        // of the context where there is no resource
  std::string fhir_version = "R4";         // R4, R4B, R5
  std::vector<std::string> model_folders;  // where tables of other versions than R4 may lie: r4b.tsv, r5.tsv
  std::string now;                         // an instant; empty: the machine's clock
  bool json = false;
  bool explain = false;
  bool check = false;
  bool strict = false;  // findings of the static check are errors
};

// The folders in which an installed program and one in its build folder have their tables.
std::vector<std::string> model_folders_of_program();

int fhirpath_command(const FhirpathOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace embergate::app
