// SPDX-License-Identifier: Apache-2.0
// The index behind conditional references (decision 21). A resource's identifiers are also kept packed beside its
// current version, so that an update touches only the index rows that really change and needs neither a second index
// nor the old body.
// Thread: writer.
// Ownership: none.
// Failure: the connection's.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/store/types.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

// Sorted, each once; the same set gives the same text.
std::string pack_identifiers(std::span<const Identifier> identifiers);
std::vector<Identifier> unpack_identifiers(std::string_view packed);

core::Result<void> change_identifiers(Connection& connection, std::int64_t type, std::string_view id,
                                      std::string_view packed_before, std::string_view packed_after);

}  // namespace embergate::store::sqlite
