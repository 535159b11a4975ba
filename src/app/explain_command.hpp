// SPDX-License-Identifier: Apache-2.0
// `embergate explain`: what an error code, a reason of a secret, a rule of the reference or a setting means, and where
// to read on; docs/error-codes.md, which is made from the same table. Thread: the caller's. Failure: 2 for a word that
// is not known, with those that have it in their names, or the nearest.
#pragma once

#include <iosfwd>
#include <string>

namespace embergate::app {

struct ExplainCommand {
  std::string word;  // empty: all codes
  bool json = false;
  bool page = false;  // docs/error-codes.md
};

int explain_command(const ExplainCommand& command, std::ostream& out, std::ostream& error);
std::string error_codes_page();

}  // namespace embergate::app
