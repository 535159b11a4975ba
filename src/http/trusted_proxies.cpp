// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/trusted_proxies.hpp"

#include "http/forwarded.hpp"
#include "http/networks.hpp"

namespace embergate::http {
namespace asio = boost::asio;

namespace {

// More proxies than that stand behind each other nowhere.
constexpr std::size_t kMaxHops = 32;

asio::ip::address walk(const TrustedProxies& proxies, const asio::ip::address& peer, const Hops& hops) {
  asio::ip::address caller = peer;
  std::size_t left = kMaxHops;
  for (auto hop = hops.rbegin(); hop != hops.rend() && left > 0 && proxies.trust(caller); ++hop, --left) {
    if (!*hop) break;
    caller = **hop;
  }
  return caller;
}

}  // namespace

core::Result<std::shared_ptr<const TrustedProxies>> TrustedProxies::parse(const std::vector<std::string>& networks) {
  auto proxies = std::make_shared<TrustedProxies>();
  EG_TRY(auto parsed, Networks::parse(networks));
  proxies->networks_ = std::make_shared<const Networks>(std::move(parsed));
  return std::shared_ptr<const TrustedProxies>(std::move(proxies));
}

bool TrustedProxies::trust(const asio::ip::address& address) const { return networks_->contain(address); }

asio::ip::address TrustedProxies::caller_behind(const asio::ip::address& peer,
                                                const std::vector<Header>& headers) const {
  const auto forwarded = forwarded_hops(headers);
  const auto x_forwarded_for = x_forwarded_for_hops(headers);
  // A proxy that writes one of them passes the other on as a client sent it, so only what both say can be believed.
  asio::ip::address one = walk(*this, peer, forwarded ? *forwarded : Hops());
  asio::ip::address other = walk(*this, peer, x_forwarded_for ? *x_forwarded_for : Hops());
  if (!x_forwarded_for) return one;
  if (!forwarded) return other;
  return one == other ? one : peer;
}

}  // namespace embergate::http
