// SPDX-License-Identifier: Apache-2.0
// One request on its way through the API: what was asked, by whom. Lives in the frame of Api::handle.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "embergate/auth/principal.hpp"
#include "embergate/http/server.hpp"
#include "embergate/http/url.hpp"
#include "embergate/interaction/interactions.hpp"

namespace embergate::rest {

struct Call {
  http::Exchange& exchange;
  http::Target target;
  auth::Principal principal;
  std::string type;  // of the route
  std::string id;
  std::string version;
  std::chrono::seconds* retry_after = nullptr;  // of a login that is refused for a while

  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const {
    for (const auto& [key, value] : target.query) {
      if (key == name) return std::string_view(value);
    }
    return std::nullopt;
  }
};

}  // namespace embergate::rest
