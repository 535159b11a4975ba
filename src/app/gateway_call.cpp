// SPDX-License-Identifier: Apache-2.0
#include "app/gateway_call.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <thread>

#include "app/environment.hpp"
#include "app/socket_owner.hpp"
#include "embergate/core/ascii.hpp"
#include "embergate/http/url.hpp"
#include "embergate/vault/target_policy.hpp"

namespace embergate::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestAnswer = 16 * 1'048'576;
constexpr std::chrono::milliseconds kBetweenLooks{10};
constexpr std::chrono::milliseconds kUntilSeen{300};  // a row may be missed while the table changes

class Connection {
 public:
  ~Connection() {
    if (handle_ >= 0) ::close(handle_);
  }
  explicit Connection(Clock::time_point end) : end_(end) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Why not; empty: it is open, and to the gateway where that has to be `proven`.
  std::string open(const GatewayPlace& place, bool proven) {
    std::string no_answer = "no gateway answers at " + place.authority();
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found) != 0) return no_answer;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (handle_ >= 0) ::close(handle_);
      handle_ = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (handle_ < 0 || !limit_waits()) return no_answer;
      if (::connect(handle_, one->ai_addr, one->ai_addrlen) == 0) return greet(place, proven && !place.verified);
    }
    return no_answer;
  }

  bool send(const std::string& text) {
    if (session_) return SSL_write(session_.get(), text.data(), static_cast<int>(text.size())) > 0;
    return ::send(handle_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  // Until the other side closes.
  std::string receive() {
    std::string all;
    std::string part(16'384, '\0');
    while (all.size() < kLargestAnswer && limit_waits()) {
      const auto size = static_cast<int>(part.size());
      const auto got = session_ ? SSL_read(session_.get(), part.data(), size)
                                : static_cast<int>(::recv(handle_, part.data(), part.size(), 0));
      if (got <= 0) break;
      all.append(part, 0, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
  };

  // What is left of the limit for the next call; false: nothing.
  bool limit_waits() {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end_ - Clock::now()).count();
    if (left <= 0) return false;
    const timeval wait{static_cast<time_t>(left / 1'000'000), static_cast<suseconds_t>(left % 1'000'000)};
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(handle_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return true;
  }

  std::string greet(const GatewayPlace& place, bool proven) {
    std::string doubt = proven ? doubt_of_owner(place.proof) : std::string();
    if (place.tls) {
      if (std::string fault = start_tls(place); !fault.empty()) return fault;
      if (!doubt.empty()) doubt = doubt_of_certificate(place.proof, doubt);
    }
    if (doubt.empty()) return {};
    return fmt::format(
        "no credential was sent to {}: {}; run this beside the gateway and as its user, or with --url https://…",
        place.authority(), doubt);
  }

  // Why what listens there may be another program than the gateway; empty: it is the gateway.
  std::string doubt_of_owner(const GatewayProof& proof) {
    const auto seen_by = std::min(Clock::now() + kUntilSeen, end_);
    for (;;) {
      const OtherEnd other = other_end_of(handle_);
      const bool elsewhere = other.state == OtherEnd::State::kElsewhere;
      if (other.state == OtherEnd::State::kClosed) return "it ended the connection at once";
      if (other.state == OtherEnd::State::kHeld) {
        if (may_run_the_gateway(proof, other.user)) return {};
        return fmt::format(
            "a process of uid {} listens there, which is not yours, root's, or known as the owner of the file at "
            "BOX_DB_PATH",
            other.user);
      }
      if (Clock::now() >= (elsewhere ? seen_by : end_))
        return elsewhere ? "no process that can be seen from here listens there, but one of another network namespace, "
                           "such as a container's, or of another machine"
                         : "no process takes the connection";
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }

  std::string doubt_of_certificate(const GatewayProof& proof, const std::string& doubt) {
    if (proof.certificates.empty()) return doubt + "; and the certificate of BOX_WEB_TLS_CERT cannot be read here";
    X509* const shown = SSL_get1_peer_certificate(session_.get());
    const bool is_its_own = is_its_certificate(proof, shown);
    X509_free(shown);
    return is_its_own ? std::string() : doubt + "; and its certificate is not the one of BOX_WEB_TLS_CERT";
  }

  std::string start_tls(const GatewayPlace& place) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    session_.reset(context_ ? SSL_new(context_.get()) : nullptr);
    if (!session_ || SSL_set_fd(session_.get(), handle_) != 1) return "TLS cannot be used here";
    SSL_set_tlsext_host_name(session_.get(), place.host.c_str());
    if (place.verified) {
      SSL_CTX_set_default_verify_paths(context_.get());
      SSL_set_verify(session_.get(), SSL_VERIFY_PEER, nullptr);
      SSL_set1_host(session_.get(), place.host.c_str());
    }
    if (SSL_connect(session_.get()) == 1) return {};
    const auto fault = SSL_get_verify_result(session_.get());
    if (!place.verified || fault == X509_V_OK) return "no TLS with " + place.authority();
    return fmt::format("the certificate of {} is not trusted: {}; SSL_CERT_FILE may name further authorities",
                       place.authority(), X509_verify_cert_error_string(fault));
  }

  int handle_ = -1;
  Clock::time_point end_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> session_;
};

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// The parts of a chunked body put together; what is malformed ends it.
std::string unchunked(std::string_view body) {
  std::string all;
  while (true) {
    std::size_t size = 0;
    const auto line = body.find("\r\n");
    if (line == std::string_view::npos) return all;
    const std::string_view digits = body.substr(0, line);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (read.ec != std::errc() || size == 0 || size > body.size() - line - 2) return all;
    all += body.substr(line + 2, size);
    body.remove_prefix(std::min(body.size(), line + 2 + size + 2));
  }
}

bool is_chunked(std::string_view head) {
  return core::lower(head).find("\r\ntransfer-encoding: chunked") != std::string::npos;
}

}  // namespace

std::string GatewayPlace::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string GatewayPlace::url() const { return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), path); }

core::Result<GatewayPlace> place_of_settings(char** variables) {
  Environment environment(variables);
  GatewayPlace place;
  place.host = environment.text("BOX_WEB_HOST").value_or("127.0.0.1");
  if (place.host == "0.0.0.0") place.host = "127.0.0.1";  // where it listens, not where it can be reached
  if (place.host == "::") place.host = "::1";
  const auto take_port = [&place](std::int64_t port) { place.port = static_cast<std::uint16_t>(port); };
  environment.number("AIDBOX_PORT", take_port, "BOX_WEB_PORT");
  environment.number("BOX_WEB_PORT", take_port);
  if (!environment.faults().empty()) return core::make_error(core::ErrorCode::kInvalid, environment.faults().front());
  if (place.port == 0)
    return core::make_error(core::ErrorCode::kInvalid, "BOX_WEB_PORT is 0, which stands for any free port");
  place.tls = environment.text("BOX_WEB_TLS_CERT").has_value();
  return place;
}

core::Result<GatewayPlace> place_of_url(std::string_view url) {
  const auto endpoint = http::parse_endpoint(url);
  if (!endpoint || endpoint->target.find('?') != std::string::npos) {
    return core::make_error(
        core::ErrorCode::kInvalid,
        fmt::format("--url is {}: it must be a URL such as https://gateway.example", shown_value(url)));
  }
  if (!endpoint->secure && !vault::is_loopback_host(vault::normal_host(endpoint->host))) {
    return core::make_error(
        core::ErrorCode::kInvalid,
        fmt::format("--url is {}: the credential would go to another machine in clear; use https", shown_value(url)));
  }
  GatewayPlace place{endpoint->host, endpoint->port, endpoint->secure, endpoint->secure, endpoint->target};
  while (place.path.ends_with('/')) place.path.pop_back();
  return place;
}

int GatewayAnswer::status() const {
  int status = 0;
  if (text.starts_with("HTTP/1.") && text.size() > 12) std::from_chars(text.data() + 9, text.data() + 12, status);
  return status;
}

std::string GatewayAnswer::first_line() const { return text.substr(0, text.find("\r\n")); }

std::string GatewayAnswer::body() const {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  const std::string body = text.substr(end + 4);
  return is_chunked(std::string_view(text).substr(0, end)) ? unchunked(body) : body;
}

GatewayAnswer ask_gateway(const GatewayPlace& place, std::string_view target, const vault::Secret& login,
                          Clock::time_point end) {
  Connection connection(end);
  GatewayAnswer answer;
  answer.why = connection.open(place, !login.empty());
  if (!answer.why.empty()) return answer;
  answer.connected = true;
  std::string request =
      fmt::format("GET {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", place.path, target, place.authority());
  if (!login.empty()) {
    std::string credential = login.with_plaintext([](std::string_view text) { return base64(text); });
    request += "Authorization: Basic " + credential + "\r\n";
    vault::wipe(credential);
  }
  request += "\r\n";
  const bool sent = connection.send(request);
  vault::wipe(request);
  if (sent) answer.text = connection.receive();
  return answer;
}

}  // namespace embergate::app
