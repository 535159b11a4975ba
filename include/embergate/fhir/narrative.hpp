// SPDX-License-Identifier: Apache-2.0
// Links in the narrative of a resource: the values of <a href> and <img src> in the XHTML of a `div` (FHIR R4
// narrative.html). Thread: pure function, any. Ownership: the results are parts of the given text. Failure: none; what
// is no well-formed XHTML has the links that can be found.
#pragma once

#include <string_view>
#include <vector>

namespace embergate::fhir {

std::vector<std::string_view> narrative_links(std::string_view xhtml);

}  // namespace embergate::fhir
