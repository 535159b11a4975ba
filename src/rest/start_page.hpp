// SPDX-License-Identifier: Apache-2.0
// GET /: what this is and where its parts are, for those who open the address in a browser: a page without scripts, or
// JSON. Strangers learn no version. Thread: pure. Failure: none.
#pragma once

#include "embergate/http/server.hpp"
#include "embergate/rest/api.hpp"

namespace embergate::rest {

http::Response start_page(const ApiOptions& options, bool as_html, bool signed_in);

}  // namespace embergate::rest
