// SPDX-License-Identifier: Apache-2.0
// One connection of the server: reads a head, runs the handler, writes the answer, and again, until either side is
// done. It is the handler's Exchange. Thread: everything runs on the connection's strand, but for deadline_passed(),
// which any thread may ask. Ownership: the coroutine run() keeps the connection alive; the registry only points at it.
// Units: milliseconds of the steady clock. Failure: protocol faults are answered, then the connection ends; a lost peer
// ends it silently (S-29 to S-33, decision 29).
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/byte_budget.hpp"
#include "embergate/http/server.hpp"
#include "http/chunked.hpp"
#include "http/head.hpp"
#include "http/registry.hpp"

namespace embergate::http {

// What all connections of a server share. Nothing but `stopping` changes after listen().
struct ServerContext {
  ServerOptions options;
  Handler handler;
  std::shared_ptr<core::ByteBudget> bodies;
  std::atomic<bool> stopping{false};
  [[nodiscard]] HeadLimits head_limits() const {
    return {options.max_header_bytes, options.max_header_fields, options.max_target_bytes};
  }
};

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  using Strand = boost::asio::strand<boost::asio::any_io_executor>;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

  Connection(Socket socket, std::shared_ptr<const ServerContext> context, Registry::Place place);

  void enter_registry() { place_.occupy(shared_from_this()); }
  boost::asio::awaitable<void> run();
  [[nodiscard]] const Request& request() const override { return request_; }
  boost::asio::awaitable<core::Result<std::string>> read_body(std::size_t limit) override;

  // Any thread.
  [[nodiscard]] bool deadline_passed(std::chrono::steady_clock::time_point now) const;
  [[nodiscard]] Strand strand() { return socket_.get_executor(); }
  // On the strand. Each is harmless when its moment is over.
  void on_deadline();  // ends the wait that took too long
  void finish_soon();  // ends now when no request is under way, else after the answer
  void give_way();     // the same, for one connection alone
  void abort();        // ends now

 private:
  enum class Arrival { kHead, kFault, kClosed };
  enum class BodyState { kNone, kPending, kComplete };

  using Tls = boost::asio::ssl::stream<Socket&>;

  boost::asio::awaitable<bool> shake_hands();
  boost::asio::awaitable<void> say_goodbye();
  boost::asio::awaitable<Arrival> read_head();
  boost::asio::awaitable<bool> exchange();
  boost::asio::awaitable<core::Result<std::string>> read_sized(std::size_t size);
  boost::asio::awaitable<core::Result<std::string>> read_chunked(std::size_t limit);
  boost::asio::awaitable<std::size_t> receive(boost::asio::mutable_buffer room);
  boost::asio::awaitable<std::size_t> receive_buffered();
  boost::asio::awaitable<bool> send(std::string_view head, std::string_view body);
  boost::asio::awaitable<bool> send_alone(std::string_view head, std::string_view body);
  boost::asio::awaitable<bool> send_response(Response& response, bool with_body);
  boost::asio::awaitable<bool> send_encrypted(std::string_view bytes);
  boost::asio::awaitable<void> answer_fault(Fault fault);
  boost::asio::awaitable<void> linger();

  [[nodiscard]] std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  void skip_blank_line();
  void make_room();
  void fill_request();
  void close();

  void wait_at_most(std::chrono::milliseconds limit);
  void wait_for_ever();
  void expect_progress(std::chrono::milliseconds window);
  void note_progress(std::size_t bytes);
  void stalls();
  void goes_on();
  core::Error body_fault();
  std::optional<core::Error> keep_body(std::size_t bytes);

  Socket socket_;
  std::unique_ptr<Tls> tls_;  // null: plain HTTP
  std::shared_ptr<const ServerContext> context_;
  Registry::Place place_;
  std::atomic<std::chrono::steady_clock::rep> deadline_;
  bool timed_out_ = false;
  bool idle_ = false;       // waiting for the first byte of a request
  bool has_head_ = false;   // a request is under way
  bool stalled_ = false;    // the peer does not read
  bool gives_way_ = false;  // no request after this one
  bool behind_proxy_;       // the peer speaks for others
  bool first_ = true;       // no request has been served yet
  bool peer_is_there_ = true;
  bool body_asked_ = false;
  BodyState body_state_ = BodyState::kNone;
  std::optional<core::ByteBudget::Hold> body_hold_;  // of a body that counts, until the request is done
  std::size_t body_kept_ = 0;
  std::chrono::milliseconds progress_window_{0};
  std::size_t progress_rate_ = 0;  // bytes a second
  std::size_t progress_bytes_ = 0;

  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  HeadFinder finder_;
  Head head_;
  Fault fault_;
  Request request_;
  std::string out_;
};

}  // namespace embergate::http
