// SPDX-License-Identifier: Apache-2.0
// All that another process could change of its memory, as bytes: heap, stacks, anonymous pages, data of libraries.
// Thread: any. Failure: nothing when this user may not look (it takes root, or the right to trace, for a process that
// is not dumpable, S-26); a range that went away meanwhile is left out.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace embergate::test {

std::optional<std::string> memory_of(pid_t process);

}  // namespace embergate::test
