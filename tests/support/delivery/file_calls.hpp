// SPDX-License-Identifier: Apache-2.0
// The few writes of which every delivery program is made. Thread: any. Failure: EG_ASSERT.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "support/delivery/method.hpp"

namespace embergate::test::delivery {

void step(const Hook& hook, std::string_view name);
// A new file of that name and mode, synced.
void create_file(const std::filesystem::path& path, std::string_view bytes, mode_t mode);
// Truncates what is there, or makes it, then writes in two halves as a slow writer does.
void truncate_and_write(const std::filesystem::path& path, std::string_view bytes, const Hook& hook);
// From the first byte on, without truncation; what is left behind the end is cut off.
void overwrite(const std::filesystem::path& path, std::string_view bytes);
// Temporary file beside it, then rename. `mode` is set before.
void replace(const std::filesystem::path& path, std::string_view bytes, mode_t mode, const Hook& hook);
[[nodiscard]] bool holds(const std::filesystem::path& path, std::string_view bytes);

}  // namespace embergate::test::delivery
