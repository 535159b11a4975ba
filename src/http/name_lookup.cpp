// SPDX-License-Identifier: Apache-2.0
#include "http/name_lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace embergate::http {
namespace {

namespace ip = boost::asio::ip;

constexpr int kMostLookups = 16;
constexpr std::size_t kMostAddresses = 8;
std::atomic<int> lookups_running{0};

ip::address address_of(const sockaddr& socket_address) {
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &socket_address, sizeof four);
    return ip::address_v4(ntohl(four.sin_addr.s_addr));
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &socket_address, sizeof six);
  ip::address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
  return ip::address_v6(bytes, six.sin6_scope_id);
}

Addresses ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = found.get(); entry != nullptr && addresses.size() < kMostAddresses;
       entry = entry->ai_next) {
    if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6) addresses.push_back(address_of(*entry->ai_addr));
  }
  return addresses;
}

}  // namespace

void look_up(const std::string& host, std::function<void(Addresses)> done) {
  boost::system::error_code not_numeric;
  const ip::address literal = ip::make_address(host, not_numeric);
  if (!not_numeric) return done({literal});
  if (lookups_running.fetch_add(1) >= kMostLookups) {
    lookups_running.fetch_sub(1);
    return done({});
  }
  const auto shared = std::make_shared<std::function<void(Addresses)>>(std::move(done));
  try {
    std::thread([host, shared] {
      Addresses found = ask_system(host);
      lookups_running.fetch_sub(1);
      (*shared)(std::move(found));
    }).detach();
  } catch (const std::system_error&) {  // the machine has no thread left
    lookups_running.fetch_sub(1);
    (*shared)({});
  }
}

}  // namespace embergate::http
