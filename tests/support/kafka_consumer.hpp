// SPDX-License-Identifier: Apache-2.0
// Everything that a topic holds, read from its beginning through the plaintext listener by a client of its own.
// Failure: fewer than the expected records within the deadline: what came is returned, and the test compares.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace embergate::test {

struct ConsumedRecord {
  int partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int64_t timestamp_ms = -1;  // of the producer, or of the broker's log, as the topic has it
};

// In order of arrival: within a partition by offset. Reads until at least `expected` records came and every partition
// is at its end.
std::vector<ConsumedRecord> consume_all(const std::string& topic, std::size_t expected,
                                        std::chrono::milliseconds deadline = std::chrono::seconds(30));

}  // namespace embergate::test
