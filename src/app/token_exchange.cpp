// SPDX-License-Identifier: Apache-2.0
#include "app/token_exchange.hpp"

#include <utility>

namespace embergate::app {

kafka::TokenExchange make_token_exchange(http::Client& client) {
  return [&client](kafka::TokenRequest request, const std::atomic<bool>& stopping) -> core::Result<kafka::TokenAnswer> {
    http::OutboundRequest outbound;
    outbound.method = std::move(request.method);
    outbound.url = std::move(request.url);
    for (auto& [name, value] : request.headers) outbound.headers.push_back({std::move(name), std::move(value)});
    for (auto& [name, value] : request.secret_headers) {
      outbound.secret_headers.push_back({std::move(name), std::move(value)});
    }
    outbound.body = std::move(request.body);
    outbound.timeout = request.timeout;
    outbound.ca_pem = std::move(request.authorities);
    outbound.trust_system = true;
    outbound.operator_address = request.operator_address;
    outbound.allow_plaintext = request.operator_address;  // container endpoints speak nothing else
    EG_TRY(http::OutboundResponse answer, client.send_and_wait(std::move(outbound), stopping));
    return kafka::TokenAnswer{answer.status, std::move(answer.body)};
  };
}

}  // namespace embergate::app
