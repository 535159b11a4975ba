// SPDX-License-Identifier: Apache-2.0
#include "support/scripted_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "embergate/core/assert.hpp"

namespace embergate::test {
namespace {

constexpr int kStepMs = 20;

SSL_CTX* make_context(const Issued& pair, int version) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const std::unique_ptr<BIO, decltype(&BIO_free)> certificate(
      BIO_new_mem_buf(pair.certificate.data(), static_cast<int>(pair.certificate.size())), &BIO_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> key(
      BIO_new_mem_buf(pair.key.data(), static_cast<int>(pair.key.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> parsed(
      PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr), &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> parsed_key(
      PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  EG_ASSERT(SSL_CTX_use_certificate(context, parsed.get()) == 1);
  EG_ASSERT(SSL_CTX_use_PrivateKey(context, parsed_key.get()) == 1);
  if (version != 0) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
  }
  return context;
}

bool readable(int socket, int limit_ms) {
  pollfd entry{socket, POLLIN, 0};
  return ::poll(&entry, 1, limit_ms) > 0;
}

}  // namespace

struct ScriptedPeer::Tls {
  Tls(const Issued& pair, int version) : context(make_context(pair, version), &SSL_CTX_free) {}
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context;
};

std::string ScriptedPeer::answer(int status, const std::string& body, const std::string& fields) {
  return "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

ScriptedPeer::ScriptedPeer(Script script, const std::optional<Issued>& tls, int tls_version, std::uint16_t port)
    : script_(std::move(script)) {
  if (tls) tls_ = std::make_unique<Tls>(*tls, tls_version);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  EG_ASSERT(::bind(listener_, raw, size) == 0 && ::listen(listener_, 64) == 0);
  EG_ASSERT(::getsockname(listener_, raw, &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedPeer::~ScriptedPeer() {
  ending_ = true;
  acceptor_.join();
  ::close(listener_);
}

std::string ScriptedPeer::url(const std::string& path) const {
  return (tls_ ? "https" : "http") + std::string("://localhost:") + std::to_string(port_) + path;
}

std::vector<std::string> ScriptedPeer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

// Who starts a thread joins it: an answer may be out, and its reader ending this object, before the list has its
// thread.
void ScriptedPeer::accept_all() {
  std::vector<std::thread> serving;
  while (!ending_) {
    if (!readable(listener_, kStepMs)) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections_;
    serving.emplace_back([this, socket] {
      serve(socket);
      ::close(socket);
    });
  }
  for (std::thread& thread : serving) thread.join();
}

void ScriptedPeer::hold(int socket) const {
  char thrown_away[256];
  while (!ending_) {
    if (readable(socket, kStepMs) && ::recv(socket, thrown_away, sizeof thrown_away, 0) <= 0) return;
  }
}

std::string ScriptedPeer::read_request(const std::function<int(char*, int)>& read) {
  std::string request;
  char buffer[4096];
  std::size_t wanted = 0;
  while (wanted == 0 || request.size() < wanted) {
    const int got = read(buffer, sizeof buffer);
    if (got <= 0) return {};
    request.append(buffer, static_cast<std::size_t>(got));
    const std::size_t head = request.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const std::size_t length = request.find("Content-Length: ");
    wanted = head + 4 + (length < head ? std::strtoul(request.c_str() + length + 16, nullptr, 10) : 0);
  }
  return request;
}

void ScriptedPeer::serve(int socket) {
  const auto wait = [this, socket] {
    while (!ending_ && !readable(socket, kStepMs)) continue;
    return !ending_.load();
  };
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl(nullptr, &SSL_free);
  if (tls_) {
    ssl.reset(SSL_new(tls_->context.get()));
    SSL_set_fd(ssl.get(), socket);
    if (!wait() || SSL_accept(ssl.get()) != 1) return;
  }
  const auto read = [&](char* buffer, int size) {
    if (ssl && SSL_pending(ssl.get()) > 0) return SSL_read(ssl.get(), buffer, size);
    if (!wait()) return -1;
    return ssl ? SSL_read(ssl.get(), buffer, size)
               : static_cast<int>(::recv(socket, buffer, static_cast<std::size_t>(size), 0));
  };
  const std::string request = read_request(read);
  if (request.empty()) return;
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const std::string answer = script_(request);
  if (answer == kSilence) return hold(socket);
  for (std::size_t sent = 0; sent < answer.size();) {
    const int size = static_cast<int>(std::min<std::size_t>(answer.size() - sent, 16'384));
    const int more =
        ssl ? SSL_write(ssl.get(), answer.data() + sent, size)
            : static_cast<int>(::send(socket, answer.data() + sent, static_cast<std::size_t>(size), MSG_NOSIGNAL));
    if (more <= 0) return;
    sent += static_cast<std::size_t>(more);
  }
  if (ssl) SSL_shutdown(ssl.get());
}

}  // namespace embergate::test
