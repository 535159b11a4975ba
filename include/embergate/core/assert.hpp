// SPDX-License-Identifier: Apache-2.0
// EG_ASSERT: a state that cannot be. Checked in every build; prints the condition and its place (never a value) and
// aborts.
#pragma once

namespace embergate::core {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}

#define EG_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::embergate::core::assertion_failed(#condition, __FILE__, __LINE__))
