// SPDX-License-Identifier: Apache-2.0
// UUIDs of RFC 9562 in their 36-character lower-case text. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace embergate::core {

std::string random_uuid();  // version 4, from the system's random source
// Version 7: milliseconds since 1970, then random bits. Identifiers made one after the other sort one after the other,
// so the rows they are keys of stand together in an index.
std::string time_ordered_uuid();
// Version 5 under a namespace of the program's own: equal names give equal UUIDs, in every process, for ever.
std::string name_uuid(std::string_view name);

}  // namespace embergate::core
