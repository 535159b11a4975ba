// SPDX-License-Identifier: Apache-2.0
// What `$waiting`, `$release` and `$discard` are asked (contract 2.14).
// Thread: pure. Failure: kMalformed for a query parameter, kInvalid for the body, naming the parameter and how to mend
// it. Bound: 1,000 event numbers in a body.
#pragma once

#include <string>

#include "embergate/core/result.hpp"
#include "embergate/http/url.hpp"
#include "embergate/store/store.hpp"

namespace embergate::rest {

// `_count`, `_cursor` and `state` of the URL, each once; `_format` and `_pretty` are passed over.
core::Result<store::HeldQuery> held_query_of(const http::Target& target);
// Parameters with `eventNumber` (repeated), or `all` and `state`.
core::Result<store::HeldSelection> held_selection_of(std::string body);

}  // namespace embergate::rest
