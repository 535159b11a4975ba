// SPDX-License-Identifier: Apache-2.0
// Networks of IPv4 and IPv6 in CIDR notation, and which addresses lie within them. Thread: immutable after parsing.
// Failure: parse() names the text that is no network.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::http {

class Networks {
 public:
  // An address alone is a network of one.
  static core::Result<Networks> parse(const std::vector<std::string>& texts);
  [[nodiscard]] bool contain(const boost::asio::ip::address& address) const;

 private:
  struct Network {
    boost::asio::ip::address_v6::bytes_type bytes{};
    bool v4 = false;
    unsigned bits = 0;
  };
  static core::Result<Network> parse_one(const std::string& text);

  std::vector<Network> all_;
};

// An IPv4 address that is written as IPv6 is the IPv4 address.
boost::asio::ip::address plain_address(const boost::asio::ip::address& address);
// A caller with one IPv6 address has the whole /64 to choose from: it counts as one peer.
boost::asio::ip::address counted_address(const boost::asio::ip::address& address);

}  // namespace embergate::http
