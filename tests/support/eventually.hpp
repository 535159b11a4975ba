// SPDX-License-Identifier: Apache-2.0
// Waits for a condition with a deadline, instead of sleeping and hoping. Returns whether the condition came true.
#pragma once

#include <chrono>
#include <functional>

namespace embergate::test {

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline = std::chrono::seconds(20),
                std::chrono::milliseconds step = std::chrono::milliseconds(5));

}  // namespace embergate::test
