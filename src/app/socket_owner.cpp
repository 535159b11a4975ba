// SPDX-License-Identifier: Apache-2.0
#include "app/socket_owner.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace embergate::app {
namespace {

// An end as rows have it: the words of the address as they lie in memory, the port.
struct End {
  std::string v4;  // empty: none
  std::string v6;
};

std::string words_of(const in6_addr& address) {
  std::string text;
  for (std::size_t at = 0; at < sizeof address; at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, address.s6_addr + at, sizeof word);
    text += fmt::format("{:08X}", word);
  }
  return text;
}

// An IPv4 address has two spellings: that of a socket of its own family, and that of one of IPv6 that takes both.
std::optional<End> end_of(const sockaddr_storage& address) {
  in6_addr six{};
  std::uint16_t port = 0;
  if (address.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    port = ntohs(four.sin_port);
    six.s6_addr[10] = six.s6_addr[11] = 0xFF;
    std::memcpy(six.s6_addr + 12, &four.sin_addr, sizeof four.sin_addr);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 whole{};
    std::memcpy(&whole, &address, sizeof whole);
    port = ntohs(whole.sin6_port);
    six = whole.sin6_addr;
  } else {
    return std::nullopt;
  }
  const std::string words = words_of(six);
  const std::string number = fmt::format(":{:04X}", port);
  return End{IN6_IS_ADDR_V4MAPPED(&six) ? words.substr(24) + number : std::string(), words + number};
}

std::string text_of(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

OtherEnd other_end_in(std::string_view table, std::string_view ends) {
  constexpr unsigned kEstablished = 1;
  constexpr unsigned kSynReceived = 3;
  const std::size_t found = table.find(ends);
  if (found == std::string_view::npos) return {};
  std::istringstream row{std::string(table.substr(found + ends.size(), 256))};
  unsigned state = 0;
  std::string skipped;
  std::uint64_t user = 0;
  std::uint64_t inode = 0;
  row >> std::hex >> state >> std::dec >> skipped >> skipped >> skipped >> user >> skipped >> inode;
  if (!row) return {};
  // A socket without an inode belongs to no process, and is shown as root's.
  if (state == kEstablished && inode != 0) return {OtherEnd::State::kHeld, static_cast<uid_t>(user)};
  const bool may_be_taken = state == kEstablished || state == kSynReceived;
  return {may_be_taken ? OtherEnd::State::kNotTaken : OtherEnd::State::kClosed, 0};
}

OtherEnd other_end_of(int socket) {
  sockaddr_storage here{};
  sockaddr_storage there{};
  socklen_t size = sizeof here;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &size) != 0) return {};
  size = sizeof there;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&there), &size) != 0) return {OtherEnd::State::kClosed, 0};
  const auto near = end_of(here);
  const auto far = end_of(there);
  if (!near || !far) return {};
  OtherEnd found;
  if (!far->v4.empty()) found = other_end_in(text_of("/proc/self/net/tcp"), fmt::format(" {} {} ", far->v4, near->v4));
  if (found.state != OtherEnd::State::kElsewhere) return found;
  return other_end_in(text_of("/proc/self/net/tcp6"), fmt::format(" {} {} ", far->v6, near->v6));
}

bool stands_for_many(uid_t user) {
  constexpr std::uint64_t kAll = 4'294'967'295;
  std::uint64_t overflow = 65'534;
  std::ifstream("/proc/sys/kernel/overflowuid") >> overflow;
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  std::ifstream("/proc/self/uid_map") >> inside >> outside >> count;
  return user == overflow && count < kAll;
}

}  // namespace embergate::app
