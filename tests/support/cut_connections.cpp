// SPDX-License-Identifier: Apache-2.0
#include "support/cut_connections.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace embergate::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEstablished = 1;

struct Pair {
  std::uint32_t local_address = 0;  // as /proc/net/tcp has them: network order read as a number of this machine
  std::uint16_t local_port = 0;
  std::uint32_t remote_address = 0;
  std::uint16_t remote_port = 0;
};

// "socket:[123]" for each open socket.
std::set<std::string> sockets_of(pid_t process) {
  std::set<std::string> inodes;
  std::error_code ended;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/fd", ended)) {
    const std::string target = fs::read_symlink(entry.path(), ended).string();
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  return inodes;
}

std::vector<Pair> connections(pid_t process, std::uint16_t remote_port) {
  const std::set<std::string> inodes = sockets_of(process);
  std::vector<Pair> found;
  std::ifstream table("/proc/" + std::to_string(process) + "/net/tcp");
  std::string line;
  std::getline(table, line);  // the heading
  while (std::getline(table, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, skip, inode;
    words >> number >> local >> remote >> state >> skip >> skip >> skip >> skip >> skip >> inode;
    Pair pair;
    unsigned local_port = 0;
    unsigned remote_number = 0;
    if (std::sscanf(local.c_str(), "%X:%X", &pair.local_address, &local_port) != 2) continue;
    if (std::sscanf(remote.c_str(), "%X:%X", &pair.remote_address, &remote_number) != 2) continue;
    pair.local_port = static_cast<std::uint16_t>(local_port);
    pair.remote_port = static_cast<std::uint16_t>(remote_number);
    if (state == "01" && pair.remote_port == remote_port && inodes.contains(inode)) found.push_back(pair);
  }
  return found;
}

// 0, or the errno of the kernel's answer.
int destroy(const Pair& pair) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DESTROY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message.request.sdiag_family = AF_INET;
  message.request.sdiag_protocol = IPPROTO_TCP;
  message.request.idiag_states = 1U << kEstablished;
  message.request.id.idiag_sport = htons(pair.local_port);
  message.request.id.idiag_dport = htons(pair.remote_port);
  message.request.id.idiag_src[0] = pair.local_address;
  message.request.id.idiag_dst[0] = pair.remote_address;
  message.request.id.idiag_cookie[0] = message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  const int handle = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (handle < 0) return errno;
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[256];
  } answer{};
  int result = EIO;
  if (::send(handle, &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message) &&
      ::recv(handle, &answer, sizeof answer, 0) > 0 && answer.header.nlmsg_type == NLMSG_ERROR)
    result = -answer.error.error;
  ::close(handle);
  return result;
}

}  // namespace

std::string cutting_obstacle() {
  // A connection that nobody has: a kernel that can would say so.
  const int result = destroy({htonl(INADDR_LOOPBACK), 1, htonl(INADDR_LOOPBACK), 1});
  if (result == ENOENT || result == 0) return {};
  return std::string("the kernel ends no connections for us: ") + std::strerror(result);
}

int cut_connections(pid_t process, std::uint16_t remote_port) {
  int cut = 0;
  for (const Pair& pair : connections(process, remote_port)) cut += destroy(pair) == 0 ? 1 : 0;
  return cut;
}

}  // namespace embergate::test
