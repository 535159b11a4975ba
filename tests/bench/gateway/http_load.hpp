// SPDX-License-Identifier: Apache-2.0
// A closed loop of keep-alive connections in one thread: each sends its next request when the answer to the last one is
// complete. It does as little as it can, since it shares the machine with what it measures. Thread: the caller's.
// Failure: an answer other than 2xx, or a connection that ends, counts as failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace embergate::bench {

struct HttpLoad {
  std::uint16_t port = 0;
  std::size_t connections = 64;
  std::function<void(std::string& request, std::uint64_t number)> write_request;  // appends one whole request
  std::chrono::milliseconds warm_up{300};
  std::chrono::milliseconds duration{3'000};
  std::uint64_t requests = 0;  // not 0: so many instead of a duration, without warm-up
};

struct HttpLoadResult {
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  double seconds = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  [[nodiscard]] double per_second() const { return seconds > 0 ? static_cast<double>(answered) / seconds : 0; }
};

HttpLoadResult run(const HttpLoad& load);

}  // namespace embergate::bench
