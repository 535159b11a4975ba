// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <utility>

#include "embergate/observability/log.hpp"
#include "http/listener_pair.hpp"
#include "http/networks.hpp"
#include "http/response_head.hpp"

namespace embergate::http {
namespace asio = boost::asio;
namespace log = observability::log;
using boost::system::error_code;
using core::ErrorCode;
using core::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kFirstBuffer = 4096;
// Room behind a head of the largest size, so that reading goes on in useful steps; also holds the longest line of a
// chunked body.
constexpr std::size_t kBufferReserve = 8192;
constexpr std::size_t kBodyStep = 64 * 1024;
constexpr std::size_t kUncountedBody = kBodyStep;
// What a peer may still send after an answer that ends the connection: enough for it to finish a small body and read
// the answer.
constexpr std::size_t kLingerBytes = 1024 * 1024;
constexpr milliseconds kLingerTime{2'000};

core::Error too_large(std::size_t limit) {
  return core::make_error(ErrorCode::kTooLarge,
                          "the request body is larger than the limit of " + std::to_string(limit) + " bytes");
}

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(Socket socket, std::shared_ptr<const ServerContext> context, Registry::Place place)
    : socket_(std::move(socket)),
      context_(std::move(context)),
      place_(std::move(place)),
      deadline_(steady_clock::time_point::max().time_since_epoch().count()),
      behind_proxy_(context_->options.trusted_proxies && context_->options.trusted_proxies->trust(place_.address())),
      buffer_(kFirstBuffer),
      finder_(context_->head_limits()) {
  request_.remote_address = place_.address().to_string();
  progress_rate_ = context_->options.body_min_bytes_per_second;
}

bool Connection::deadline_passed(steady_clock::time_point now) const {
  return deadline_.load(std::memory_order_relaxed) <= now.time_since_epoch().count();
}

void Connection::on_deadline() {
  // The wait may have ended, and another begun, before this got its turn on the strand.
  if (!deadline_passed(steady_clock::now())) return;
  timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::finish_soon() {
  if (idle_) close();
}

void Connection::give_way() {
  gives_way_ = true;
  if (!has_head_ || stalled_) close();
}

void Connection::abort() { close(); }

void Connection::close() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Connection::wait_at_most(milliseconds limit) {
  timed_out_ = false;
  deadline_.store((steady_clock::now() + limit).time_since_epoch().count(), std::memory_order_relaxed);
}

void Connection::wait_for_ever() {
  deadline_.store(steady_clock::time_point::max().time_since_epoch().count(), std::memory_order_relaxed);
}

// Every window must bring its share of the minimum rate: so neither a trickle nor a stall after a fast start holds the
// connection for long.
void Connection::expect_progress(milliseconds window) {
  progress_window_ = window;
  progress_bytes_ = 0;
  wait_at_most(window);
}

void Connection::note_progress(std::size_t bytes) {
  progress_bytes_ += bytes;
  const auto rate = static_cast<std::uint64_t>(progress_rate_);
  const std::uint64_t share = rate * static_cast<std::uint64_t>(progress_window_.count()) / 1000;
  if (progress_bytes_ >= std::max<std::uint64_t>(share, 1)) expect_progress(progress_window_);
}

// A peer that does not read keeps its place only as long as no other connection needs it.
void Connection::stalls() {
  stalled_ = true;
  place_.stalls();
}

void Connection::goes_on() {
  stalled_ = false;
  place_.works();
}

asio::awaitable<void> Connection::run() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  bool keep = true;
  if (context_->options.tls) keep = co_await shake_hands();
  while (keep) {
    const Arrival arrival = co_await read_head();
    if (arrival == Arrival::kClosed) break;
    if (arrival == Arrival::kFault) {
      co_await answer_fault(fault_);
      break;
    }
    has_head_ = true;
    place_.works();
    keep = co_await exchange();
    has_head_ = false;
    body_hold_.reset();
    first_ = false;
    keep ? place_.waits() : place_.ends();
  }
  if (tls_) co_await say_goodbye();
  close();
}

asio::awaitable<bool> Connection::shake_hands() {
  const auto pair = context_->options.tls->current();
  if (!pair) co_return false;
  tls_ = std::make_unique<Tls>(socket_, pair->context);
  wait_at_most(context_->options.header_deadline);
  idle_ = true;
  error_code failure;
  co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failure));
  idle_ = false;
  ERR_clear_error();
  if (!failure) co_return true;
  tls_.reset();  // no one to say goodbye to
  co_return false;
}

// Tells the peer that nothing was cut off. It may answer or just go; neither is waited for long.
asio::awaitable<void> Connection::say_goodbye() {
  if (peer_is_there_ && socket_.is_open()) {
    wait_at_most(kLingerTime);
    error_code ignored;
    co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  }
  ERR_clear_error();
}

void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ < buffer_.size()) return;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  } else {
    // Bounded: a head ends or fails below max_header_bytes, a line of a chunked body far below kBufferReserve.
    buffer_.resize(std::min(buffer_.size() * 2, context_->options.max_header_bytes + kBufferReserve));
  }
}

// Bytes read, or 0 when the peer is gone or the deadline passed (timed_out_).
asio::awaitable<std::size_t> Connection::receive(asio::mutable_buffer room) {
  error_code failure;
  std::size_t got = 0;
  if (tls_) {
    got = co_await tls_->async_read_some(room, asio::redirect_error(asio::use_awaitable, failure));
  } else {
    got = co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, failure));
  }
  peer_is_there_ = peer_is_there_ && (!failure || timed_out_);
  co_return failure ? 0 : got;
}

asio::awaitable<std::size_t> Connection::receive_buffered() {
  make_room();
  const std::size_t got = co_await receive(asio::buffer(buffer_.data() + end_, buffer_.size() - end_));
  end_ += got;
  co_return got;
}

// RFC 9112 2.2: one empty line before a request line is passed over; some clients send it after a body.
void Connection::skip_blank_line() {
  if (buffered().substr(0, 2) == "\r\n") consume(2);
}

asio::awaitable<Connection::Arrival> Connection::read_head() {
  const ServerOptions& options = context_->options;
  finder_.reset();
  bool blank_line_allowed = true;
  wait_at_most(first_ || begin_ != end_ ? options.header_deadline : options.idle_timeout);
  while (true) {
    if (blank_line_allowed && end_ - begin_ >= 2) {
      skip_blank_line();
      blank_line_allowed = false;
    }
    // A lone CR may be the start of the blank line; nothing else can be said of one byte.
    const HeadFinder::State state = blank_line_allowed ? HeadFinder::State::kMore : finder_.look(buffered());
    if (state == HeadFinder::State::kFaulty) {
      fault_ = finder_.fault();
      co_return Arrival::kFault;
    }
    if (state == HeadFinder::State::kComplete) break;

    const bool nothing_yet = begin_ == end_;
    if (nothing_yet && context_->stopping.load(std::memory_order_relaxed)) co_return Arrival::kClosed;
    idle_ = nothing_yet;
    const std::size_t got = co_await receive_buffered();
    idle_ = false;
    if (got == 0) {
      if (!timed_out_ || nothing_yet) co_return Arrival::kClosed;
      fault_ = Fault{408, "the request head did not arrive in time"};
      co_return Arrival::kFault;
    }
    if (nothing_yet) place_.waits();
    if (nothing_yet && !first_) wait_at_most(options.header_deadline);
  }
  wait_for_ever();
  if (const auto fault = scan_head(buffered().substr(0, finder_.size()), context_->head_limits(), head_)) {
    fault_ = *fault;
    co_return Arrival::kFault;
  }
  fill_request();
  consume(finder_.size());
  co_return Arrival::kHead;
}

// The strings of the last request are filled again, so that a busy connection allocates nothing here.
void Connection::fill_request() {
  request_.method.assign(head_.method);
  request_.target.assign(head_.target);
  request_.headers.resize(head_.fields.size());
  for (std::size_t i = 0; i < head_.fields.size(); ++i) {
    request_.headers[i].name.assign(head_.fields[i].name);
    request_.headers[i].value.assign(head_.fields[i].value);
  }
  if (behind_proxy_) {
    const auto& proxies = *context_->options.trusted_proxies;
    request_.remote_address = proxies.caller_behind(place_.address(), request_.headers).to_string();
  }
  body_asked_ = false;
  body_state_ = head_.has_body() ? BodyState::kPending : BodyState::kNone;
}

// One request and its answer. Returns whether another may follow.
asio::awaitable<bool> Connection::exchange() {
  Response response;
  try {
    response = co_await context_->handler(*this);
  } catch (const std::exception&) {
    // The text of an exception may quote what it was working on, so it stays out of the log and the answer.
    log::event(log::Level::kError, "http/handler-failed", "a request handler ended with an exception",
               {{"method", std::string_view(request_.method)}});
    response = Response{500, {{"Content-Type", "text/plain"}}, "an internal operation failed unexpectedly\n"};
  }
  const bool body_left = body_state_ == BodyState::kPending;
  const bool keep =
      head_.keep_alive && !body_left && !gives_way_ && !context_->stopping.load(std::memory_order_relaxed);
  const ResponseFrame frame{request_.method == "HEAD", keep, head_.version_1_1};
  const bool with_body = write_response_head(response, frame, out_);
  const bool sent = co_await send_response(response, with_body);
  response = Response();  // with what it holds, which others may wait for
  if (sent && !keep && (body_left || begin_ != end_)) co_await linger();
  co_return sent&& keep;
}

asio::awaitable<void> Connection::answer_fault(Fault fault) {
  Response response{fault.status, {{"Content-Type", "text/plain"}}, std::string(fault.reason)};
  response.body += '\n';
  if (fault.status == 415) response.headers.push_back({"Accept-Encoding", "identity"});
  write_response_head(response, ResponseFrame{false, false, true}, out_);
  if (co_await send_alone(out_, response.body)) co_await linger();
}

// A close with unread bytes would reset the connection and could take the answer with it. So: no more from us, and what
// still comes is thrown away, within bounds, unless another connection needs the place.
asio::awaitable<void> Connection::linger() {
  has_head_ = false;
  place_.ends();
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  peer_is_there_ = false;
  wait_at_most(kLingerTime);
  std::size_t discarded = 0;
  while (discarded < kLingerBytes) {
    const std::size_t got =
        co_await socket_.async_read_some(asio::buffer(buffer_), asio::redirect_error(asio::use_awaitable, ignored));
    if (got == 0) break;
    discarded += got;
  }
}

asio::awaitable<Result<std::string>> Connection::read_body(std::size_t limit) {
  if (std::exchange(body_asked_, true)) {
    co_return core::make_error(ErrorCode::kInternal, "the request body was asked for twice");
  }
  if (body_state_ == BodyState::kNone) co_return std::string();
  if (head_.content_length.value_or(0) > limit) co_return too_large(limit);
  if (head_.expects_continue && begin_ == end_) {
    if (!co_await send_alone(kContinue, {})) co_return body_fault();
  }
  body_kept_ = 0;
  expect_progress(context_->options.body_grace);
  Result<std::string> body = std::string();
  if (head_.chunked) {
    body = co_await read_chunked(limit);
  } else {
    body = co_await read_sized(static_cast<std::size_t>(*head_.content_length));
  }
  wait_for_ever();
  if (body) body_state_ = BodyState::kComplete;
  co_return body;
}

core::Error Connection::body_fault() {
  if (timed_out_) return core::make_error(ErrorCode::kTimeout, "the request body came too slowly");
  return core::make_error(ErrorCode::kMalformed, "the connection ended before the request body was complete");
}

// The body has grown to this many bytes.
std::optional<core::Error> Connection::keep_body(std::size_t bytes) {
  if (bytes <= kUncountedBody || bytes <= body_kept_) return std::nullopt;
  if (!body_hold_) {
    error_code unknown;
    const auto caller = asio::ip::make_address(request_.remote_address, unknown);
    body_hold_.emplace(context_->bodies, counted_address(caller).to_string());
  }
  if (!body_hold_->take(bytes - body_kept_)) {
    return core::make_retriable(ErrorCode::kUnavailable,
                                "too many large request bodies are under way (BOX_WEB_MAX_BODIES_TOTAL); try again");
  }
  body_kept_ = bytes;
  return std::nullopt;
}

asio::awaitable<Result<std::string>> Connection::read_sized(std::size_t size) {
  std::string body(buffered().substr(0, size));
  consume(body.size());
  std::size_t filled = body.size();
  while (filled < size) {
    // Grown as bytes arrive: an announced length alone costs the peer's word, not our memory.
    if (filled == body.size()) {
      const std::size_t room = std::min(size, std::max(kBodyStep, filled * 2));
      if (auto full = keep_body(room)) co_return *std::move(full);
      body.resize(room);
    }
    const std::size_t got = co_await receive(asio::buffer(body.data() + filled, body.size() - filled));
    if (got == 0) co_return body_fault();
    filled += got;
    note_progress(got);
  }
  co_return body;
}

asio::awaitable<Result<std::string>> Connection::read_chunked(std::size_t limit) {
  ChunkedDecoder decoder(limit);
  std::string body;
  while (true) {
    const ChunkedDecoder::Step step = decoder.feed(buffered(), body);
    consume(step.consumed);
    if (auto full = keep_body(body.size())) co_return *std::move(full);
    switch (step.state) {
      case ChunkedDecoder::State::kComplete:
        co_return body;
      case ChunkedDecoder::State::kMalformed:
        co_return core::make_error(ErrorCode::kMalformed, "the chunked request body is malformed");
      case ChunkedDecoder::State::kTooLarge:
        co_return too_large(limit);
      case ChunkedDecoder::State::kMore:
        break;
    }
    const std::size_t got = co_await receive_buffered();
    if (got == 0) co_return body_fault();
    note_progress(got);
  }
}

}  // namespace embergate::http
