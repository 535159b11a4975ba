// SPDX-License-Identifier: Apache-2.0
// `embergate vault check`: which names of the vault config resolve, their state, never a value (decision 16).
// A name is in use when a stored resource refers to it; without a database every name counts as such. What the file of
// a name should hold is known from its users, or from its scope when that leaves one kind only, or is said by the
// caller; else only that there is text, or a key store. Thread: main. Failure: the exit code is 0 when every name in
// use resolves (one that was asked for counts as such), 1 when one does not, 2 when the config cannot be used.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "embergate/app/settings.hpp"

namespace embergate::app {

struct VaultCheckOptions {
  bool as_json = false;
  std::string name;  // only this one; empty: all
  std::string as;    // judged as this kind, of kinds_of_content(); empty: as said above
};
// What a file may hold, in the words of the manual: "jaas", "pkcs12".
std::vector<std::string> kinds_of_content();

int vault_check(const Settings& settings, const VaultCheckOptions& options, std::ostream& out, std::ostream& error);

}  // namespace embergate::app
