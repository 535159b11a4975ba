// SPDX-License-Identifier: Apache-2.0
// Proxies whose word on the caller's address counts: `Forwarded` (RFC 7239) and `X-Forwarded-For`. Headers are looked
// at only when the peer itself is trusted, from the right, past trusted hops; the first address that is not trusted is
// the caller's. A hop that names no address, and what is malformed, ends the walk at the last address that is known;
// two headers that disagree count for nothing. Thread: immutable. Failure: parse() names the text that is no network.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::http {

struct Header;
class Networks;

class TrustedProxies {
 public:
  // Networks in CIDR notation, IPv4 and IPv6, or single addresses.
  static core::Result<std::shared_ptr<const TrustedProxies>> parse(const std::vector<std::string>& networks);
  [[nodiscard]] bool trust(const boost::asio::ip::address& address) const;
  // Of a request that came from `peer`, which is trusted.
  [[nodiscard]] boost::asio::ip::address caller_behind(const boost::asio::ip::address& peer,
                                                       const std::vector<Header>& headers) const;

 private:
  std::shared_ptr<const Networks> networks_;
};

// As what a caller is counted: an IPv4 address as it is, an IPv6 address by its /64; other texts as they are.
std::string counted_peer(const std::string& address);
// The /48 of an IPv6 address, which one site has to choose from; empty for other texts.
std::string counted_site(const std::string& address);

}  // namespace embergate::http
