// SPDX-License-Identifier: Apache-2.0
#include "http/networks.hpp"

#include <algorithm>
#include <charconv>

#include "embergate/http/trusted_proxies.hpp"

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

asio::ip::address_v6 network_of(const asio::ip::address_v6& address, std::ptrdiff_t prefix_bytes) {
  Bytes bytes = address.to_bytes();
  std::fill(bytes.begin() + prefix_bytes, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes);
}

bool same_prefix(const Bytes& left, const Bytes& right, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const auto mask = static_cast<unsigned char>(0x80U >> (i % 8));
    if (((left[i / 8] ^ right[i / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

core::Result<Networks::Network> Networks::parse_one(const std::string& text) {
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

core::Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks networks;
  for (const std::string& text : texts) {
    EG_TRY(const Network network, parse_one(text));
    networks.all_.push_back(network);
  }
  return networks;
}

bool Networks::contain(const asio::ip::address& address) const {
  const Bytes bytes = bytes_of(address);
  return std::any_of(all_.begin(), all_.end(), [&](const Network& network) {
    return network.v4 == address.is_v4() && same_prefix(network.bytes, bytes, network.bits);
  });
}

asio::ip::address plain_address(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

asio::ip::address counted_address(const asio::ip::address& address) {
  return address.is_v6() ? network_of(address.to_v6(), 8) : address;
}

std::string counted_peer(const std::string& address) {
  if (address.find(':') == std::string::npos) return address;
  boost::system::error_code failure;
  const auto parsed = asio::ip::make_address(address, failure);
  return failure ? address : counted_address(parsed).to_string();
}

std::string counted_site(const std::string& address) {
  if (address.find(':') == std::string::npos) return {};
  boost::system::error_code failure;
  const auto parsed = asio::ip::make_address(address, failure);
  return failure || !parsed.is_v6() ? std::string() : network_of(parsed.to_v6(), 6).to_string();
}

}  // namespace embergate::http
