// SPDX-License-Identifier: Apache-2.0
#include "embergate/store/types.hpp"

namespace embergate::store {

std::string_view to_string(Interaction interaction) {
  switch (interaction) {
    case Interaction::kCreate:
      return "create";
    case Interaction::kUpdate:
      return "update";
    case Interaction::kDelete:
      return "delete";
  }
  return "unknown";
}

}  // namespace embergate::store
