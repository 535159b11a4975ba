// SPDX-License-Identifier: Apache-2.0
// Where the bytes of secrets live: pages of their own that are locked and left out of dumps as far as the system allows
// (S-26), and zeroed in a child process. What is given back is wiped and used again. Thread: any. Ownership: the one
// who takes a block gives it back with the same size. Failure: std::bad_alloc when the process has no address space
// left; a limit on locked memory is none (best effort).
#pragma once

#include <cstddef>

namespace embergate::vault::secret_memory {

[[nodiscard]] char* take(std::size_t bytes);
void give_back(char* block, std::size_t bytes) noexcept;

}  // namespace embergate::vault::secret_memory
