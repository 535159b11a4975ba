// SPDX-License-Identifier: Apache-2.0
#include "vault/expiry_watch.hpp"

#include <array>

namespace embergate::vault {

std::optional<int> ExpiryWatch::passed(const SecretName& name, core::SystemTime not_after, core::SystemTime now) {
  constexpr std::array<int, 4> kMarks{0, 1, 7, 30};
  const auto left = not_after - now;
  for (const int mark : kMarks) {
    if (left > std::chrono::hours(24 * mark)) continue;
    const auto found = told_.find(name);
    // A clock that was put back tells nothing new either.
    if (found != told_.end() && found->second.not_after == not_after && found->second.mark <= mark) return std::nullopt;
    told_.insert_or_assign(name, Told{not_after, mark});
    return mark;
  }
  return std::nullopt;
}

}  // namespace embergate::vault
