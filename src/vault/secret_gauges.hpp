// SPDX-License-Identifier: Apache-2.0
// The state of the secrets in use as metrics (R-48, S-27): how many are in which state, and the worst of their ages and
// ends. Which secret it is says a label only when the operator wants that (contract 6.1): the port of metrics has no
// login, and a name tells what the gateway is connected with. Thread: one at a time. Ownership: keeps the handles.
// Failure: none.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::vault {

class SecretGauges {
 public:
  SecretGauges(observability::Metrics& metrics, bool with_names) : metrics_(metrics), with_names_(with_names) {}
  // `reports`: of all secrets in use.
  void show(const std::vector<Report>& reports, core::SystemTime now);
  void forget(const SecretName& name);  // the config has it no more

 private:
  using Handle = std::shared_ptr<observability::Gauge>;
  struct Ages {  // all optional: once there is something to tell
    Handle age;
    Handle last_read_age;
    Handle days_left;
  };
  struct Series {
    std::array<Handle, 5> states;  // ok, stale, missing, invalid, refused
    Handle generation;
    Ages ages;
  };
  Series& series_of(const SecretName& name);
  void show_named(const Report& report, core::SystemTime now);
  void show_all(const std::vector<Report>& reports, core::SystemTime now);

  observability::Metrics& metrics_;
  const bool with_names_;
  std::array<Handle, 5> counts_;  // as Series::states
  Ages worst_;
  std::map<SecretName, Series> series_;  // bounded by the names of the config
};

}  // namespace embergate::vault
