// SPDX-License-Identifier: Apache-2.0
// The state of each secret in use as metrics (R-48, S-27): state, generation, age, days left. Names are labels, nothing
// else is told. Thread: one at a time. Ownership: keeps the handles. Failure: none.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "embergate/core/clock.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::vault {

class SecretGauges {
 public:
  explicit SecretGauges(observability::Metrics& metrics) : metrics_(metrics) {}
  void show(const Report& report, core::SystemTime now);

 private:
  using Handle = std::shared_ptr<observability::Gauge>;
  struct Series {
    std::array<Handle, 4> states;  // ok, stale, missing, invalid
    Handle generation;
    Handle age;
    Handle last_read_age;
    Handle days_left;  // once an end is known
  };
  Series& series_of(const SecretName& name);

  observability::Metrics& metrics_;
  std::map<SecretName, Series> series_;  // bounded by the names of the config
};

}  // namespace embergate::vault
