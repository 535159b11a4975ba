// SPDX-License-Identifier: Apache-2.0
// Hints for text that is no FHIRPath: what people write who know other languages, and what it is called here.
// Thread: pure function. Failure: none; a general hint when the text is like nothing that is known.
#pragma once

#include <string>
#include <string_view>

namespace embergate::fhirpath {

// `rest`: the expression from where it cannot be read on.
std::string hint_for(std::string_view rest);

}  // namespace embergate::fhirpath
