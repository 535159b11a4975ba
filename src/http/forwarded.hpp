// SPDX-License-Identifier: Apache-2.0
// The hops that `Forwarded` (RFC 7239) and `X-Forwarded-For` name, in the order of the header: the nearest hop is the
// last. Thread: pure. Failure: a hop without an address ("unknown", obfuscated, malformed) is empty; a line that is
// malformed as a whole is one such hop. The size of a head bounds all of it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <vector>

#include "embergate/http/server.hpp"

namespace embergate::http {

using Hops = std::vector<std::optional<boost::asio::ip::address>>;

// Nothing: the request has no such header.
std::optional<Hops> forwarded_hops(const std::vector<Header>& headers);
std::optional<Hops> x_forwarded_for_hops(const std::vector<Header>& headers);

}  // namespace embergate::http
