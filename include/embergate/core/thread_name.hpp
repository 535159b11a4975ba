// SPDX-License-Identifier: Apache-2.0
// The name of a thread, as `top -H` and /proc/PID/task/*/comm show it. Thread: names the calling one. Ownership: none.
// Failure: none; a name of more than 15 bytes is not taken.
#pragma once

#include <pthread.h>

namespace embergate::core {

inline void name_this_thread(const char* name) { static_cast<void>(pthread_setname_np(pthread_self(), name)); }

}  // namespace embergate::core
