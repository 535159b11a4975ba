// SPDX-License-Identifier: Apache-2.0
// Tokens for OAUTHBEARER: from a token endpoint with the client's own credentials (RFC 6749 4.4, the way Kafka's Java
// client asks), or the content of a file. Thread and failure: as TokenSource says. Ownership: as TokenSource says; the
// exchange outlives the source.
#pragma once

#include <memory>

#include "embergate/kafka/token_sources.hpp"
#include "kafka/token_source.hpp"

namespace embergate::kafka {

// Options of the JAAS line: clientId, clientSecret, scope, extension_<name>, and sasl.oauthbearer.header.urlencode.
core::Result<std::shared_ptr<TokenSource>> make_oauth_source(const ConnectionSettings& settings, TokenMaterial material,
                                                             const TokenExchange& exchange, const core::Clock& clock);
// The file is the token; a JWT's own `exp` and `sub` count, an opaque token is taken to live for an hour.
core::Result<std::shared_ptr<TokenSource>> make_file_token_source(vault::Secret token, const core::Clock& clock);

}  // namespace embergate::kafka
