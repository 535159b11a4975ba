// SPDX-License-Identifier: Apache-2.0
// The checks of GET /health that concern the process as a whole (contract 5.6); destinations add their own. Thread: at
// start; the checks run on the monitor's thread. Ownership: store, secrets and faults outlive the monitor's thread.
// Failure: none.
#pragma once

#include "embergate/core/clock.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/health.hpp"
#include "embergate/store/store.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::app {

// The check of the database also tells `faults` how it is, under the key "database": the store itself cannot see that a
// write hangs.
void add_health_checks(observability::HealthRegistry& health, store::Store& store, const vault::SecretCache& secrets,
                       observability::Faults& faults, const core::Clock& clock);

}  // namespace embergate::app
