// SPDX-License-Identifier: Apache-2.0
// The faults of secrets in use as states that last: each begins and ends with what the reports say, under the key
// "secret <name>", which is the vault's alone. Thread: one at a time. Ownership: `faults` outlives it; null: nothing
// lasts. Bound: the names in use. Failure: none.
#pragma once

#include <set>
#include <vector>

#include "embergate/observability/faults.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::vault {

class SecretFaults {
 public:
  explicit SecretFaults(observability::Faults* faults) : faults_(faults) {}
  // `reports`: of all secrets in use, each once. The line of a beginning is written where the fault is found.
  void show(const std::vector<Report>& reports);

 private:
  observability::Faults* const faults_;
  std::set<SecretName> troubled_;
};

}  // namespace embergate::vault
