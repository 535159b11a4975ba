// SPDX-License-Identifier: Apache-2.0
// A secret that a setting names a file for: one line. Thread: start only. Ownership: by value. Failure: kInvalid with
// the path and the reason, never with content. Bounds: reads at most 8 KiB.
#pragma once

#include <string>

#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::app {

core::Result<vault::Secret> read_secret_file(const std::string& path);

}  // namespace embergate::app
