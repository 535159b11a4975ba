// SPDX-License-Identifier: Apache-2.0
// Says once at 30, 7 and 1 days, and at the end, that a secret runs out. A pure state machine. Thread: one at a time.
// Failure: none.
#pragma once

#include <map>
#include <optional>

#include "embergate/core/clock.hpp"
#include "embergate/vault/names.hpp"

namespace embergate::vault {

class ExpiryWatch {
 public:
  // The mark that was passed since the last call for this name and end: 30, 7, 1 or 0 days; none: nothing new.
  std::optional<int> passed(const SecretName& name, core::SystemTime not_after, core::SystemTime now);
  void forget(const SecretName& name) { told_.erase(name); }  // the config has it no more

 private:
  struct Told {
    core::SystemTime not_after;
    int mark;
  };
  std::map<SecretName, Told> told_;  // bounded by the names of the config
};

}  // namespace embergate::vault
