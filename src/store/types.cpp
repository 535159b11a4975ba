// SPDX-License-Identifier: Apache-2.0
#include "embergate/store/types.hpp"

#include "embergate/store/outbox.hpp"

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

std::string_view to_string(HeldRow::State state) {
  switch (state) {
    case HeldRow::State::kWaiting:
      return "waiting";
    case HeldRow::State::kSuperseded:
      return "superseded";
    case HeldRow::State::kUndecided:
      return "undecided";
  }
  return "unknown";
}

}  // namespace embergate::store
