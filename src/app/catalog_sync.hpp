// SPDX-License-Identifier: Apache-2.0
// Brings the relays to what topics and destinations are now, and does not give up: a try that fails is repeated with
// growing pauses until one holds, and shows in /health meanwhile. Thread: any; one try at a time, so that an older
// catalog never comes after a newer one. Ownership: shared, since a retry may come late; what `sync` and `later` use
// outlives the last try. Failure: none of its own; the first of a row is logged, and the success that ends it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/observability/health.hpp"

namespace embergate::app {

class CatalogSync : public std::enable_shared_from_this<CatalogSync> {
 public:
  static constexpr core::Milliseconds kFirstPause{1'000};
  static constexpr core::Milliseconds kLongestPause{60'000};

  using Sync = std::function<core::Result<void>()>;
  // Calls back after the pause, on a thread that may block. At most one call is under way.
  using Later = std::function<void(core::Milliseconds pause, std::function<void()> again)>;

  CatalogSync(Sync sync, Later later) : sync_(std::move(sync)), later_(std::move(later)) {}

  void run();  // now; blocks
  [[nodiscard]] observability::HealthResult health() const;

 private:
  void retry();
  void try_once();
  core::Result<void> sync_safely() const;
  void note(const core::Result<void>& outcome);

  const Sync sync_;
  const Later later_;
  std::mutex turn_;  // held for the length of a try
  std::size_t failures_ = 0;
  bool scheduled_ = false;
  mutable std::mutex error_mutex_;
  std::string error_;  // empty: the last try held
};

}  // namespace embergate::app
