// SPDX-License-Identifier: Apache-2.0
#include "http/outbound_call.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <utility>

#include "embergate/core/blocking.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace asio = boost::asio;
using boost::system::error_code;
using core::ErrorCode;
using core::Result;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kReadStep = 16 * 1024;

// The answer of a look-up or the end of waiting for it, whichever comes first. What is waiting keeps its executor,
// which may go with its context as soon as the answer is there. So the thread of a look-up only borrows it, under the
// mutex, and never is the one that lets it go.
class FirstAnswer {
 public:
  void expect(std::function<void(Addresses)> done) {  // which must only post
    std::lock_guard lock(mutex_);
    done_ = std::move(done);
  }
  void give(Addresses addresses) {
    std::lock_guard lock(mutex_);
    if (done_ && !std::exchange(given_, true)) done_(std::move(addresses));
  }
  void forget() {
    std::lock_guard lock(mutex_);
    done_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::function<void(Addresses)> done_;
  bool given_ = false;
};

core::Error invalid(const char* text) { return core::make_error(ErrorCode::kInvalid, text); }

bool own_field(std::string_view name) {
  for (const std::string_view own : {"host", "content-length", "connection", "transfer-encoding", "expect"}) {
    if (equal_ignoring_case(name, own)) return true;
  }
  return false;
}

bool append_field(std::string& wire, std::string_view name, std::string_view value) {
  if (name.empty() || !all_chars(name, kTokenChar) || own_field(name) || !all_chars(value, kValueChar)) return false;
  wire.append(name).append(": ").append(value).append("\r\n");
  return true;
}

}  // namespace

OutboundCall::OutboundCall(asio::any_io_executor strand, OutboundRequest request, const Egress& egress,
                           TrustStore& trust)
    : executor_(std::move(strand)),
      request_(std::move(request)),
      egress_(egress),
      trust_(trust),
      socket_(executor_),
      timer_(executor_),
      end_(steady_clock::now() + request_.timeout),
      deadline_(end_) {}

OutboundCall::~OutboundCall() { vault::wipe(wire_); }

asio::awaitable<Result<OutboundResponse>> OutboundCall::run() {
  const auto self = shared_from_this();
  auto answer = co_await exchange();
  timer_.cancel();
  cut();
  ERR_clear_error();
  co_return answer;
}

asio::awaitable<Result<OutboundResponse>> OutboundCall::exchange() {
  EG_CO_CHECK(prepare());
  EG_CO_CHECK(co_await connect());
  if (endpoint_->secure) EG_CO_CHECK(co_await shake_hands());
  EG_CO_CHECK(co_await send_all());
  co_return co_await read_answer();
}

Result<void> OutboundCall::prepare() {
  endpoint_ = parse_endpoint(request_.url);
  if (!endpoint_) return invalid("the URL must be absolute, http or https, without user part or fragment");
  if (request_.method.empty() || !all_chars(request_.method, kTokenChar)) return invalid("the method is malformed");
  if (endpoint_->secure) {
    EG_TRY(context_, trust_.context_for(request_.ca_pem, request_.trust_system));
  }
  return write_head();
}

Result<void> OutboundCall::write_head() {
  wire_ = request_.method + " " + endpoint_->target + " HTTP/1.1\r\nHost: " + endpoint_->authority() + "\r\n";
  bool valid = true;
  const std::size_t body_size = request_.body.with_plaintext([](std::string_view body) { return body.size(); });
  std::size_t secret_bytes = body_size;
  for (const SecretHeader& header : request_.secret_headers) {
    secret_bytes += header.value.with_plaintext([](std::string_view value) { return value.size(); });
  }
  // Reserved at once: growing would leave copies of the secrets behind.
  wire_.reserve(wire_.size() + secret_bytes + kReadStep);
  for (const Header& header : request_.headers) valid = valid && append_field(wire_, header.name, header.value);
  for (const SecretHeader& header : request_.secret_headers) {
    valid = valid && header.value.with_plaintext(
                         [&](std::string_view value) { return append_field(wire_, header.name, value); });
  }
  if (!valid) return invalid("a header cannot be sent: its name or value holds characters that HTTP does not allow");
  const bool with_length = body_size > 0 || request_.method == "POST" || request_.method == "PUT";
  if (with_length) wire_ += "Content-Length: " + std::to_string(body_size) + "\r\n";
  wire_ += "Connection: close\r\n\r\n";
  request_.body.with_plaintext([this](std::string_view body) { wire_ += body; });
  return {};
}

bool OutboundCall::permitted(const asio::ip::address& address) const {
  if (!request_.operator_address && !egress_.permits(address)) return false;
  return endpoint_->secure || request_.allow_plaintext || address.is_loopback();
}

core::Error OutboundCall::fault(ErrorCode code, const char* text) const {
  if (stopped_) return core::make_error(ErrorCode::kUnavailable, "refused: the program is stopping");
  if (expired_) return core::make_retriable(ErrorCode::kTimeout, "timeout: the endpoint did not answer in time");
  return core::make_retriable(code, text);
}

void OutboundCall::wait_until(core::SteadyTime deadline) {
  deadline_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](const error_code& failure) {
    // A notice that was under way when the next wait began is not meant for it.
    if (!failure && steady_clock::now() >= self->deadline_) self->deadline_passed();
  });
}

void OutboundCall::deadline_passed() {
  expired_ = true;
  cut();
}

void OutboundCall::abort() {
  stopped_ = true;
  cut();
}

void OutboundCall::cut() {
  if (auto abandon = std::exchange(abandon_lookup_, nullptr)) abandon();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<Addresses> OutboundCall::find_addresses() {
  wait_until(end_);
  const auto first = std::make_shared<FirstAnswer>();
  auto start = [this, first](const std::function<void(Addresses)>& done) {
    first->expect(done);
    abandon_lookup_ = [first] { first->give({}); };
    look_up(endpoint_->host, [first](Addresses found) { first->give(std::move(found)); });
  };
  Addresses found = co_await core::await_callback<Addresses>(std::move(start));
  first->forget();
  abandon_lookup_ = nullptr;
  co_return found;
}

OutboundCall::Step OutboundCall::connect() {
  Addresses addresses = co_await find_addresses();
  if (addresses.empty()) co_return fault(ErrorCode::kUnavailable, "dns: the name of the endpoint is not known");
  const auto refused = [this](const asio::ip::address& address) { return !permitted(address); };
  addresses.erase(std::remove_if(addresses.begin(), addresses.end(), refused), addresses.end());
  if (addresses.empty()) {
    co_return core::make_error(ErrorCode::kForbidden,
                               "refused: this endpoint may not be called (its address is on the deny list, or it is "
                               "plain http: to another machine)");
  }
  for (std::size_t i = 0; i < addresses.size() && !stopped_; ++i) {
    // Each address has its share of what is left, so that a dead one leaves time for the next.
    const auto now = steady_clock::now();
    expired_ = false;
    wait_until(now + (end_ - now) / static_cast<std::int64_t>(addresses.size() - i));
    error_code failure;
    const asio::ip::tcp::endpoint peer(addresses[i], endpoint_->port);
    co_await socket_.async_connect(peer, asio::redirect_error(asio::use_awaitable, failure));
    error_code unnamed;
    const auto reached = failure ? peer : socket_.remote_endpoint(unnamed);
    if (!failure && !unnamed && permitted(reached.address())) {
      socket_.set_option(asio::ip::tcp::no_delay(true), unnamed);
      wait_until(end_);
      co_return Result<void>();
    }
    error_code ignored;
    socket_.close(ignored);
  }
  co_return fault(ErrorCode::kUnavailable, "refused: the endpoint does not accept connections");
}

OutboundCall::Step OutboundCall::shake_hands() {
  tls_.emplace(socket_, *context_);
  error_code failure;
  tls_->set_verify_callback(asio::ssl::host_name_verification(endpoint_->host), failure);
  error_code numeric;
  asio::ip::make_address(endpoint_->host, numeric);
  // Only names are announced, never addresses (RFC 6066 3).
  if (numeric) SSL_set_tlsext_host_name(tls_->native_handle(), endpoint_->host.c_str());
  if (!failure) {
    co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, failure));
  }
  if (failure) co_return fault(ErrorCode::kUnavailable, "tls: no trusted TLS connection to the endpoint");
  co_return Result<void>();
}

OutboundCall::Step OutboundCall::send_all() {
  error_code failure;
  const auto bytes = asio::buffer(wire_);
  if (tls_) {
    co_await asio::async_write(*tls_, bytes, asio::redirect_error(asio::use_awaitable, failure));
  } else {
    co_await asio::async_write(socket_, bytes, asio::redirect_error(asio::use_awaitable, failure));
  }
  vault::wipe(wire_);
  if (failure) co_return fault(ErrorCode::kUnavailable, "refused: the endpoint closed the connection");
  co_return Result<void>();
}

asio::awaitable<std::size_t> OutboundCall::read_some(std::string& room, error_code& failure) {
  const auto bytes = asio::buffer(room);
  if (tls_) {
    co_return co_await tls_->async_read_some(bytes, asio::redirect_error(asio::use_awaitable, failure));
  }
  co_return co_await socket_.async_read_some(bytes, asio::redirect_error(asio::use_awaitable, failure));
}

asio::awaitable<Result<OutboundResponse>> OutboundCall::read_answer() {
  ResponseParser parser(request_.method == "HEAD", request_.max_body);
  std::string room(kReadStep, '\0');
  auto state = ResponseParser::State::kMore;
  while (state == ResponseParser::State::kMore) {
    error_code failure;
    const std::size_t got = co_await read_some(room, failure);
    if (expired_ || stopped_) break;
    if (failure && !parser.begun()) {
      co_return fault(ErrorCode::kUnavailable, "refused: the endpoint closed the connection");
    }
    // A body without a length is complete only when the peer said so, and not when the connection broke.
    if (failure) state = failure == asio::error::eof ? parser.finish() : ResponseParser::State::kMalformed;
    if (!failure) state = parser.feed(std::string_view(room).substr(0, got));
  }
  vault::wipe(room);
  switch (state) {
    case ResponseParser::State::kComplete:
      co_return parser.take();
    case ResponseParser::State::kTooLarge:
      co_return fault(ErrorCode::kTooLarge, "too-large: the answer of the endpoint is larger than allowed");
    default:
      co_return fault(ErrorCode::kUnavailable, "malformed: the endpoint did not answer with valid HTTP");
  }
}

}  // namespace embergate::http
