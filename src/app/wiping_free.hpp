// SPDX-License-Identifier: Apache-2.0
// Memory that any part of the program gives back is wiped first, since libraries free passwords as they are (S-26).
// This module defines the program's free() and realloc() for that; builds with a sanitizer keep the sanitizer's.
// Thread: the switch at start, the functions any. Failure: none.
#pragma once

namespace embergate::app {

// BOX_VAULT_WIPE_FREED_MEMORY; on until it is switched off.
void set_wiping_of_freed_memory(bool on);
// False also where a sanitizer has the allocator.
bool wipes_freed_memory();

}  // namespace embergate::app
