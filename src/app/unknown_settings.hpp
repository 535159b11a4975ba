// SPDX-License-Identifier: Apache-2.0
// What the program says of BOX_* variables that are no setting of it: misspelt ones name the nearest right name, those
// of Aidbox say what stands in their place here. Thread: start only; pure. Failure: none. Values are never shown: a
// misspelt name may hold a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace embergate::app {

struct UnknownSetting {
  std::string text;
  bool ends_start = false;  // unless BOX_STRICT_SETTINGS is false
};

// Nothing for a variable that Kubernetes makes by itself for a service whose name begins with "box".
std::optional<UnknownSetting> judge_unknown_setting(std::string_view name, std::string_view value);
// "tcp://10.0.0.1:8080", as Kubernetes sets <SERVICE>_PORT for each service of a namespace.
bool is_service_link(std::string_view value);

}  // namespace embergate::app
