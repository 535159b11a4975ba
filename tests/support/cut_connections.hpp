// SPDX-License-Identifier: Apache-2.0
// Ends TCP connections of another process, as a broker does that revokes a credential: through the kernel
// (SOCK_DESTROY). Thread: any. Failure: obstacle() says why this machine cannot (CAP_NET_ADMIN and
// CONFIG_INET_DIAG_DESTROY are needed).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace embergate::test {

[[nodiscard]] std::string cutting_obstacle();
// How many connections of the process to that port of loopback were ended.
int cut_connections(pid_t process, std::uint16_t remote_port);

}  // namespace embergate::test
