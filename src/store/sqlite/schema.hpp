// SPDX-License-Identifier: Apache-2.0
// The tables, as a list of numbered migrations; each runs once, in a transaction of its own, and leaves its number in
// `schema_version`.
// Thread: start-up, on the writer's connection.
// Failure: kUnavailable when the file is no database, belongs to another program or holds a newer schema; it is then
// left as it was.
#pragma once

#include <cstdint>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

std::int64_t newest_schema();
// Reads only. The number of the schema in the file; 0: an empty file.
core::Result<std::int64_t> check_schema(Connection& connection);
core::Result<void> migrate(Connection& connection, std::int64_t from, core::SystemTime now);

}  // namespace embergate::store::sqlite
