// SPDX-License-Identifier: Apache-2.0
// What the machine can do without us: single-row commits of SQLite, and librdkafka's own load program. Thread: the
// caller's; each call takes seconds. Failure: nothing, and the reason on standard error.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace embergate::bench {

// Rows of `bytes` bytes, each its own commit (WAL, synchronous=FULL), in a new file in `directory`.
std::optional<double> sqlite_commits_per_second(const std::filesystem::path& directory, std::size_t bytes,
                                                std::chrono::milliseconds duration);

struct ProducerRun {
  std::string bootstrap;  // SASL_PLAINTEXT with SCRAM-SHA-512
  std::string user;
  std::string password;
  std::string topic;
  std::size_t records = 500'000;
  std::size_t record_bytes = 1'877;
};
// Records a second of rdkafka_performance (EG_RDKAFKA_PERFORMANCE): acks=all, idempotent, spread over all partitions.
std::optional<double> rdkafka_performance(const ProducerRun& run, const std::filesystem::path& directory);

}  // namespace embergate::bench
