// SPDX-License-Identifier: Apache-2.0
// GET /health (contract 5.6): the newest snapshot of the checks as JSON, written once for each snapshot, so that an
// answer costs a copy. Administrators see all of it, with the error codes; everybody sees the status, and of checks
// that name brokers, secrets or destinations only the worst status of their kind. Thread: any; a mutex is held for the
// copy of a pointer. Failure: a snapshot that is too old is 503 and says so.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "embergate/core/snapshot.hpp"
#include "embergate/observability/health.hpp"
#include "embergate/rest/api.hpp"

namespace embergate::rest {

class HealthPage {
 public:
  enum class Reader { kEverybody, kAdministrator };

  HealthPage(const observability::HealthMonitor& monitor, const ApiOptions& options)
      : monitor_(monitor), options_(options) {}

  http::Response answer(Reader reader);

 private:
  struct Page {
    std::shared_ptr<const observability::HealthSnapshot> of;
    int status = 200;
    std::string text;
  };
  std::shared_ptr<const Page> page_of(const std::shared_ptr<const observability::HealthSnapshot>& snapshot,
                                      Reader reader);

  const observability::HealthMonitor& monitor_;
  const ApiOptions& options_;
  std::array<core::Snapshot<Page>, 2> pages_;  // by reader
};

}  // namespace embergate::rest
