// SPDX-License-Identifier: Apache-2.0
// GET /$version (contract 5.6). Thread: any. Failure: none.
#pragma once

#include "embergate/rest/api.hpp"

namespace embergate::rest {

http::Response render_version(const ApiOptions& options);

}  // namespace embergate::rest
