// SPDX-License-Identifier: Apache-2.0
#include "http/egress.hpp"

#include <algorithm>
#include <charconv>

namespace embergate::http {
namespace asio = boost::asio;

namespace {

using Bytes = asio::ip::address_v6::bytes_type;

Bytes bytes_of(const asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  Bytes bytes{};
  const auto four = address.to_v4().to_bytes();
  std::copy(four.begin(), four.end(), bytes.begin());
  return bytes;
}

bool same_prefix(const Bytes& left, const Bytes& right, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const auto mask = static_cast<unsigned char>(0x80U >> (i % 8));
    if (((left[i / 8] ^ right[i / 8]) & mask) != 0) return false;
  }
  return true;
}

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

core::Result<Egress::Network> Egress::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code failure;
  const auto address = asio::ip::make_address(text.substr(0, slash), failure);
  Network network;
  network.v4 = address.is_v4();
  network.bits = network.v4 ? 32 : 128;
  network.bytes = bytes_of(address);
  bool usable = !failure;
  if (usable && slash != std::string::npos) {
    const char* begin = text.data() + slash + 1;
    const char* end = text.data() + text.size();
    const unsigned most = network.bits;
    const auto [stop, error] = std::from_chars(begin, end, network.bits);
    usable = error == std::errc() && stop == end && network.bits <= most;
  }
  if (usable) return network;
  return core::make_error(core::ErrorCode::kInvalid, "'" + text + "' is not a network such as 10.0.0.0/8 or fd00::/8");
}

core::Result<Egress> Egress::make(const EgressRule& rule) {
  Egress egress;
  egress.allow_loopback_ = rule.allow_loopback;
  for (const std::string& text : rule.denied_networks) {
    EG_TRY(Network network, parse(text));
    egress.denied_.push_back(network);
  }
  return egress;
}

bool Egress::permits(const asio::ip::address& address) const {
  if (address.is_v4() ? never_reachable(address.to_v4()) : never_reachable(address.to_v6())) return false;
  if (address.is_loopback() && !allow_loopback_) return false;
  const Bytes bytes = bytes_of(address);
  return std::none_of(denied_.begin(), denied_.end(), [&](const Network& network) {
    return network.v4 == address.is_v4() && same_prefix(network.bytes, bytes, network.bits);
  });
}

}  // namespace embergate::http
