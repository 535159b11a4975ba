// SPDX-License-Identifier: Apache-2.0
// How the sources of bearer tokens reach the network: the outbound client, under its egress rule (S-36). Thread: any.
// Ownership: the client outlives the exchange. Failure: as http::Client says.
#pragma once

#include "embergate/http/client.hpp"
#include "embergate/kafka/token_sources.hpp"

namespace embergate::app {

kafka::TokenExchange make_token_exchange(http::Client& client);

}  // namespace embergate::app
