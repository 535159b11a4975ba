// SPDX-License-Identifier: Apache-2.0
// How an answer goes out: see connection.hpp.
#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "http/connection.hpp"

namespace embergate::http {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kLargeAnswer = 1024 * 1024;
constexpr std::size_t kOneRecord = 16 * 1024;  // the most that TLS takes at once

}  // namespace

// Part by part, each freed before the next: a large answer is never whole in memory for longer than it must. All parts
// are measured as one: a part alone is less than the share of a window, and many of them would never be cut.
asio::awaitable<bool> Connection::send_response(Response& response, bool with_body) {
  const ServerOptions& options = context_->options;
  const bool large = response.body_bytes() > kLargeAnswer;
  progress_rate_ = large ? options.large_answer_min_bytes_per_second : options.body_min_bytes_per_second;
  expect_progress(options.write_deadline);
  bool sent = co_await send(out_, with_body ? std::string_view(response.body) : std::string_view());
  response.body = std::string();
  for (std::string& part : response.more) {
    const std::string sending = std::exchange(part, std::string());
    if (sent && with_body) sent = co_await send(std::string_view(), sending);
  }
  wait_for_ever();
  progress_rate_ = options.body_min_bytes_per_second;
  co_return sent;
}

// A text that is no part of a longer answer.
asio::awaitable<bool> Connection::send_alone(std::string_view head, std::string_view body) {
  expect_progress(context_->options.write_deadline);
  const bool sent = co_await send(head, body);
  wait_for_ever();
  co_return sent;
}

// Writes both parts with as few system calls as the peer's window allows. False: the peer is gone or too slow. The
// caller says how quickly the peer has to take them.
asio::awaitable<bool> Connection::send(std::string_view head, std::string_view body) {
  if (tls_) {
    // One record, and one packet, for answers that fit it.
    std::string joined(head);
    if (head.size() + body.size() <= kOneRecord) {
      joined += body;
      body = {};
    }
    const bool head_sent = co_await send_encrypted(joined);
    if (!head_sent || body.empty()) co_return head_sent;
    co_return co_await send_encrypted(body);
  }
  std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
  error_code failure;
  // Most answers fit the socket's buffer: no need to suspend for them.
  std::size_t sent = socket_.write_some(parts, failure);
  if (failure && failure != asio::error::would_block) co_return false;
  if (failure) sent = 0;
  const std::size_t size = head.size() + body.size();
  if (sent > 0) note_progress(sent);
  if (sent == size) co_return true;
  while (sent < size) {
    parts[0] = asio::buffer(head) + sent;
    parts[1] = asio::buffer(body) + (sent > head.size() ? sent - head.size() : 0);
    stalls();
    const std::size_t more =
        co_await socket_.async_write_some(parts, asio::redirect_error(asio::use_awaitable, failure));
    goes_on();
    if (failure) co_return false;
    sent += more;
    note_progress(more);
  }
  co_return true;
}

asio::awaitable<bool> Connection::send_encrypted(std::string_view bytes) {
  while (!bytes.empty()) {
    error_code failure;
    stalls();
    const std::size_t more = co_await tls_->async_write_some(asio::buffer(bytes.substr(0, kOneRecord)),
                                                             asio::redirect_error(asio::use_awaitable, failure));
    goes_on();
    if (failure) {
      peer_is_there_ = false;
      co_return false;
    }
    bytes.remove_prefix(more);
    note_progress(more);
  }
  co_return true;
}

}  // namespace embergate::http
