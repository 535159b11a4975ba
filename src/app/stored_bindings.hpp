// SPDX-License-Identifier: Apache-2.0
// The bindings of secrets to their first targets, kept in the database. Thread: any that may block; not the store's
// writer. Ownership: the store outlives it. Failure: the store's errors; a row that cannot be read is
// passed over at the start with a line in the log, and kInternal when its secret is used, which so goes nowhere.
#pragma once

#include <memory>

#include "embergate/store/store.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::app {

std::unique_ptr<vault::TargetBindingStore> make_stored_bindings(store::Store& store);
core::Result<std::vector<vault::TargetBinding>> read_bindings(store::Reader& reader);

}  // namespace embergate::app
