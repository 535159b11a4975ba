// SPDX-License-Identifier: Apache-2.0
#include "rest/service.hpp"

#include <nlohmann/json.hpp>

#include "rest/render.hpp"

namespace embergate::rest {
http::Response render_version(const ApiOptions& options) {
  const nlohmann::json body{
      {"version", options.version}, {"commit", options.commit}, {"timestamp", options.build_time}};
  return render_json(200, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace embergate::rest
