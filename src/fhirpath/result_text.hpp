// SPDX-License-Identifier: Apache-2.0
// Items as text for people and programs: the JSON of a result, its type and its path.
// Thread: pure functions. Failure: none; an item without a value is "null".
#pragma once

#include <string>
#include <string_view>

#include "embergate/fhirpath/expression.hpp"
#include "fhirpath/values.hpp"

namespace embergate::fhirpath {

std::string json_of(const Values& values, const Item& item);  // on one line
std::string path_of(const Item& item);                        // "Patient.name[0]"; empty for what is not in a resource
ResultItem result_of(const Values& values, const Item& item);

}  // namespace embergate::fhirpath
