// SPDX-License-Identifier: Apache-2.0
// GET /health and GET /$version (contract 5.6). Thread: any. Failure: a failing check makes the answer 503.
#pragma once

#include "embergate/core/clock.hpp"
#include "embergate/observability/health.hpp"
#include "embergate/rest/api.hpp"

namespace embergate::rest {

http::Response render_health(const observability::HealthRegistry& health, const ApiOptions& options,
                             core::SystemTime now);
http::Response render_version(const ApiOptions& options);

}  // namespace embergate::rest
