// SPDX-License-Identifier: Apache-2.0
#include "http/egress.hpp"

namespace embergate::http {
namespace asio = boost::asio;

namespace {

bool never_reachable(const asio::ip::address_v4& address) {
  const auto bytes = address.to_bytes();
  // 0.0.0.0/8 is "this host" on many systems, not only its first address.
  return bytes[0] == 0 || address.is_multicast() || (bytes[0] == 169 && bytes[1] == 254) ||
         address == asio::ip::address_v4::broadcast();
}

bool never_reachable(const asio::ip::address_v6& address) {
  return address.is_unspecified() || address.is_multicast() || address.is_link_local() || address.is_v4_mapped();
}

}  // namespace

core::Result<Egress> Egress::make(const EgressRule& rule) {
  Egress egress;
  egress.allow_loopback_ = rule.allow_loopback;
  EG_TRY(egress.denied_, Networks::parse(rule.denied_networks));
  return egress;
}

bool Egress::permits(const asio::ip::address& address) const {
  if (address.is_v4() ? never_reachable(address.to_v4()) : never_reachable(address.to_v6())) return false;
  if (address.is_loopback() && !allow_loopback_) return false;
  return !denied_.contain(address);
}

}  // namespace embergate::http
