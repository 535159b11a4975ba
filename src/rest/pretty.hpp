// SPDX-License-Identifier: Apache-2.0
// JSON laid out for people, as _pretty=true asks for (FHIR R4 http.html#parameters): only white space between its parts
// changes, so numbers and texts stay as they are. Thread: pure. Failure: none; what is no JSON comes out as some text.
#pragma once

#include <string>
#include <string_view>

#include "embergate/http/server.hpp"
#include "rest/call.hpp"

namespace embergate::rest {

std::string pretty(std::string_view json);
// Lays the answer out when the call asks for it; a longer one than 1 MiB stays as it is.
void make_pretty(const Call& call, http::Response& response);

}  // namespace embergate::rest
