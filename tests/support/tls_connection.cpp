// SPDX-License-Identifier: Apache-2.0
#include "support/tls_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace embergate::test {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

int open_socket(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{20, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

void trust(SSL_CTX* context, const std::string& ca_pem) {
  const Bio in(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())), &BIO_free);
  const Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

}  // namespace

struct TlsConnection::Impl {
  Impl(std::uint16_t port, const std::string& ca_pem, int version) : socket(open_socket(port)) {
    trust(context.get(), ca_pem);
    if (version != 0) {
      SSL_CTX_set_security_level(context.get(), 0);
      SSL_CTX_set_min_proto_version(context.get(), version);
      SSL_CTX_set_max_proto_version(context.get(), version);
    }
    ssl.reset(SSL_new(context.get()));
    SSL_set1_host(ssl.get(), "localhost");
    SSL_set_fd(ssl.get(), socket);
    connected = socket >= 0 && SSL_connect(ssl.get()) == 1;
  }
  ~Impl() {
    if (connected) SSL_shutdown(ssl.get());
    ssl.reset();
    if (socket >= 0) ::close(socket);
  }

  bool send(const std::string& bytes) const {
    return SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  bool receive(std::string& text) const {
    char buffer[16'384];
    const int got = SSL_read(ssl.get(), buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, &SSL_free};
  int socket;
  bool connected = false;
};

TlsConnection::TlsConnection(std::uint16_t port, const std::string& ca_pem, int version)
    : impl_(std::make_unique<Impl>(port, ca_pem, version)) {}
TlsConnection::~TlsConnection() = default;

bool TlsConnection::connected() const { return impl_->connected; }

std::string TlsConnection::peer_certificate() const {
  const Certificate certificate(SSL_get1_peer_certificate(impl_->ssl.get()), &X509_free);
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  if (certificate == nullptr || PEM_write_bio_X509(out.get(), certificate.get()) != 1) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

HttpReply TlsConnection::request(const std::string& method, const std::string& target, const std::string& body) {
  HttpReply reply;
  const std::string head = method + " " + target +
                           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                           "\r\n\r\n";
  if (!impl_->connected || !impl_->send(head + body)) {
    reply.error = "not connected";
    return reply;
  }
  std::string text;
  std::size_t end = std::string::npos;
  while (end == std::string::npos && impl_->receive(text)) end = text.find("\r\n\r\n");
  const std::size_t length = text.find("Content-Length: ");
  if (end == std::string::npos || length > end) {
    reply.error = "no complete head";
    return reply;
  }
  const std::size_t size = std::strtoul(text.c_str() + length + 16, nullptr, 10);
  while (text.size() < end + 4 + size && impl_->receive(text)) continue;
  if (text.size() < end + 4 + size) {
    reply.error = "no complete body";
    return reply;
  }
  reply.status = std::atoi(text.c_str() + 9);
  reply.body = text.substr(end + 4, size);
  return reply;
}

}  // namespace embergate::test
