// SPDX-License-Identifier: Apache-2.0
// Runs one test of the suite and says whether the engine gives what it wants. Thread: one; the engine's rules hold.
// Failure: a test that fails has a sentence with what was wanted and what came.
#pragma once

#include <string>

#include "conformance/suite.hpp"
#include "embergate/fhir/model.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::conformance {

struct Verdict {
  bool passed = false;
  std::string reason;  // of a failure
};

// `input` may be nullptr: the expression sees no resource.
Verdict judge(const Case& test, const fhir::Resource* input, const fhir::Model& model);

}  // namespace embergate::conformance
