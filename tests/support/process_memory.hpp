// SPDX-License-Identifier: Apache-2.0
// What another process has in memory that it could change, as bytes: heap, anonymous pages, data of libraries; not the
// stacks of its threads. Thread: any. Failure: nothing when this user may not look (it takes root, or the right to
// trace, for a process that is not dumpable, S-26); a range that went away meanwhile is left out.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace embergate::test {

std::optional<std::string> heap_of(pid_t process);

}  // namespace embergate::test
