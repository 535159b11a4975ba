// SPDX-License-Identifier: Apache-2.0
// A file that a setting names, read once at start. Thread: start only. Failure: the reason in words that go behind the
// path: "does not exist", "is a directory". Bounds: `most` bytes; a pipe is waited for 5 s.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace embergate::app {

std::optional<std::string> read_start_file(const std::string& path, std::size_t most, std::string& reason);

}  // namespace embergate::app
