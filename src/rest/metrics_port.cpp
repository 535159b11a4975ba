// SPDX-License-Identifier: Apache-2.0
#include "embergate/rest/api.hpp"
#include "rest/render.hpp"

namespace embergate::rest {
namespace {

boost::asio::awaitable<http::Response> answer(const observability::Metrics* metrics, http::Exchange& exchange) {
  const std::string& target = exchange.request().target;
  if (target == "/") co_return render_json(200, "gateway metrics\n", "text/plain; charset=utf-8");
  if (target == "/metrics" || target == "/metrics/minutes" || target == "/metrics/hours") {
    co_return render_json(200, metrics->text(), "text/plain; version=0.0.4; charset=utf-8");
  }
  co_return render_error(core::make_error(core::ErrorCode::kNotFound, "metrics are at /metrics"));
}

}  // namespace

http::Handler metrics_handler(const observability::Metrics& metrics) {
  return [pointer = &metrics](http::Exchange& exchange) { return answer(pointer, exchange); };
}

}  // namespace embergate::rest
