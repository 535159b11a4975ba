// SPDX-License-Identifier: Apache-2.0
#include "support/http_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace embergate::test {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool has_header(const HttpHeaders& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return same_name(header.first, name); });
}

// Whether the descriptor became ready before `until`.
bool wait_ready(int socket, short events, std::chrono::steady_clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd watched{socket, events, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool bind_to(int handle, const std::string& source) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  return inet_pton(AF_INET, source.c_str(), &address.sin_addr) == 1 &&
         ::bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

int connect_to(const std::string& host, std::uint16_t port, std::chrono::steady_clock::time_point until,
               const std::string& source) {
  sockaddr_storage address{};
  socklen_t length = 0;
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&address); inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    length = sizeof(sockaddr_in);
  } else if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
             inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    length = sizeof(sockaddr_in6);
  } else {
    return -1;
  }
  const int handle = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (handle < 0) return -1;
  const int on = 1;
  ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!source.empty() && !bind_to(handle, source)) {
    ::close(handle);
    return -1;
  }
  if (::connect(handle, reinterpret_cast<sockaddr*>(&address), length) == 0) return handle;
  int failure = errno;
  if (failure == EINPROGRESS && wait_ready(handle, POLLOUT, until)) {
    socklen_t size = sizeof(failure);
    ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &failure, &size);
  }
  if (failure == 0) return handle;
  ::close(handle);
  return -1;
}

// "HTTP/1.1 200 OK" and the fields below it; status 0 when it is not that.
HttpReply parse_head(std::string_view head) {
  HttpReply reply;
  if (head.size() < 12 || head.substr(0, 7) != "HTTP/1.") {
    reply.error = "not an HTTP/1 reply";
    return reply;
  }
  reply.status = std::atoi(std::string(head.substr(9, 3)).c_str());
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    line += 2;
    const std::size_t end = std::min(head.find("\r\n", line), head.size());
    const std::string_view field = head.substr(line, end - line);
    if (const std::size_t colon = field.find(':'); colon != std::string_view::npos) {
      const std::size_t value = std::min(field.find_first_not_of(' ', colon + 1), field.size());
      reply.headers.emplace_back(field.substr(0, colon), field.substr(value));
    }
    line = head.find("\r\n", line);
  }
  return reply;
}

HttpReply failed(HttpReply reply, std::string why) {
  reply.status = 0;
  reply.error = std::move(why);
  return reply;
}

}  // namespace

std::string_view HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

HttpConnection::HttpConnection(std::uint16_t port, std::chrono::milliseconds deadline, const std::string& host,
                               const std::string& source)
    : limit_(deadline), host_(host) {
  socket_ = connect_to(host, port, std::chrono::steady_clock::now() + limit_, source);
}

HttpConnection::~HttpConnection() { close(); }

void HttpConnection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HttpConnection::finish_sending() {
  if (socket_ >= 0) ::shutdown(socket_, SHUT_WR);
}

bool HttpConnection::send(std::string_view bytes) {
  const auto until = deadline();
  while (!bytes.empty()) {
    if (socket_ < 0) return false;
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_ready(socket_, POLLOUT, until)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

HttpConnection::Arrival HttpConnection::receive(Deadline until) {
  char chunk[16384];
  while (socket_ >= 0) {
    const ssize_t got = ::recv(socket_, chunk, sizeof(chunk), 0);
    if (got > 0) {
      buffer_.append(chunk, static_cast<std::size_t>(got));
      return Arrival::kBytes;
    }
    if (got == 0) return Arrival::kClosed;
    if (errno == EAGAIN) {
      if (!wait_ready(socket_, POLLIN, until)) return Arrival::kTimeout;
    } else if (errno != EINTR) {
      return Arrival::kClosed;
    }
  }
  return Arrival::kClosed;
}

bool HttpConnection::receive_until(std::size_t bytes, Deadline until) {
  while (buffer_.size() < bytes) {
    if (receive(until) != Arrival::kBytes) return false;
  }
  return true;
}

bool HttpConnection::read_chunked_body(std::string& body, Deadline until) {
  while (true) {
    std::size_t line = std::string::npos;
    while ((line = buffer_.find("\r\n")) == std::string::npos) {
      if (receive(until) != Arrival::kBytes) return false;
    }
    const std::size_t size = std::strtoull(buffer_.c_str(), nullptr, 16);
    if (!receive_until(line + 2 + size + 2, until)) return false;
    body.append(buffer_, line + 2, size);
    buffer_.erase(0, line + 2 + size + 2);
    if (size == 0) return true;
  }
}

HttpReply HttpConnection::read_reply(bool to_head) {
  if (socket_ < 0) return failed({}, "no connection");
  const auto until = deadline();
  while (true) {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      const Arrival arrival = receive(until);
      if (arrival == Arrival::kBytes) continue;
      return failed({}, arrival == Arrival::kClosed ? "connection closed before a reply" : "no reply in time");
    }
    HttpReply reply = parse_head(std::string_view(buffer_).substr(0, end));
    if (reply.status == 0) return reply;
    buffer_.erase(0, end + 4);
    if (reply.status < 200) {
      ++interim_replies_;
      continue;
    }
    if (to_head || reply.status == 204 || reply.status == 304) return reply;
    if (same_name(reply.header("Transfer-Encoding"), "chunked")) {
      return read_chunked_body(reply.body, until) ? reply : failed(std::move(reply), "the chunked body ends early");
    }
    if (reply.header("Content-Length").empty()) {
      reply.body = read_until_closed();
      return reply;
    }
    const std::size_t length = std::strtoull(std::string(reply.header("Content-Length")).c_str(), nullptr, 10);
    if (!receive_until(length, until)) return failed(std::move(reply), "the body ends early");
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return reply;
  }
}

HttpReply HttpConnection::request(const std::string& method, const std::string& target, const HttpHeaders& headers,
                                  const std::string& body) {
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  if (!has_header(headers, "Host")) {
    text += host_.find(':') == std::string::npos ? "Host: " + host_ + "\r\n" : "Host: [" + host_ + "]\r\n";
  }
  if (!body.empty() && !has_header(headers, "Content-Length") && !has_header(headers, "Transfer-Encoding")) {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  text += "\r\n" + body;
  if (!connected()) return failed({}, "no connection");
  // A peer may answer and close before it has read everything: its answer counts, not our failed send.
  send(text);
  return read_reply(method == "HEAD");
}

std::string HttpConnection::read_until_closed() {
  const auto until = deadline();
  while (receive(until) == Arrival::kBytes) {
  }
  return std::exchange(buffer_, {});
}

bool HttpConnection::closed_by_peer() {
  const auto until = deadline();
  Arrival arrival = Arrival::kBytes;
  while (arrival == Arrival::kBytes) arrival = receive(until);
  return arrival == Arrival::kClosed;
}

HttpReply request(std::uint16_t port, const std::string& method, const std::string& target, const HttpHeaders& headers,
                  const std::string& body) {
  HttpConnection connection(port);
  return connection.request(method, target, headers, body);
}

}  // namespace embergate::test
