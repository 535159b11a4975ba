// SPDX-License-Identifier: Apache-2.0
// Open files: the process takes what it is allowed, and connections of clients leave enough of them for secret files,
// database and Kafka, so that those who open connections cannot stop those.
// Thread: at start. Failure: none; a limit that cannot be raised stays as it is.
#pragma once

#include <cstddef>

namespace embergate::app {

// Raises the soft limit of open files to the hard one, within reason. The limit that is in force then.
std::size_t raise_descriptor_limit();
// How many of `wanted` connections a limit has room for beside its reserve.
std::size_t connections_within(std::size_t limit, std::size_t wanted);
// How many of `connections` one address may take, where it was to have `share` of `wanted`: the same part, at least
// one.
std::size_t connections_of_address(std::size_t connections, std::size_t share, std::size_t wanted);

}  // namespace embergate::app
