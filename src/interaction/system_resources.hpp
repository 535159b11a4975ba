// SPDX-License-Identifier: Apache-2.0
// The server's own resource types: which exist, and what their writes do beside storing (contract 2.1, 2.8, 4.1, 4.5).
// Thread: validate_own() pure; the others inside a store transaction. Failure: kConflict for a second topic with the
// same url, and for a destination that is deleted with events in its queue.
#pragma once

#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/store/store.hpp"

namespace embergate::interaction {

// Types that configure the program: a write to one of them makes a new catalog epoch.
bool is_configuration_type(std::string_view type);
// Topics and destinations; other types are left to Options::validate_system_resource.
std::vector<fhir::Issue> validate_own(const fhir::Resource& resource, std::string_view type, std::string_view id);
core::Result<void> before_write(store::Transaction& tx, const fhir::Resource& resource, std::string_view type,
                                std::string_view id);
// Whether a resource may be deleted: a destination whose queue is not empty may not, since its events would go with it,
// unless an administrator says that they shall. How many go.
core::Result<std::uint64_t> before_delete(store::Transaction& tx, const store::StoredVersion& current,
                                          bool discard_queue, bool by_administrator);
core::Result<void> after_write(store::Transaction& tx, const store::StoredVersion& written);

}  // namespace embergate::interaction
