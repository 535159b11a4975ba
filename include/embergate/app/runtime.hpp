// SPDX-License-Identifier: Apache-2.0
// The running program: every part made, wired and stopped in the right order.
// Thread: make, run and destroy on the main thread; io threads and pools are its own. Ownership: owns everything.
// Failure: start() says which setting stands in the way; a fault after the start shows in /health and the log and never
// ends the process.
#pragma once

#include <cstdint>
#include <memory>

#include "embergate/app/settings.hpp"
#include "embergate/core/result.hpp"

namespace embergate::app {

class Runtime {
 public:
  // Opens the store, loads the vault config, runs the init bundle, starts relays, opens the ports.
  static core::Result<std::unique_ptr<Runtime>> start(Settings settings);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // Returns after SIGTERM or SIGINT: stops accepting, ends exchanges, stops relays (rows are settled or left), closes
  // producers and store.
  void run_until_signal();

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::app
