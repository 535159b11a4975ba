// SPDX-License-Identifier: Apache-2.0
// A server on loopback with a handful of routes, for the tests of this directory. The test's thread is the client; the
// io threads belong to the fixture.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "embergate/core/blocking.hpp"
#include "embergate/http/server.hpp"

namespace embergate::http {

class ServerFixture : public testing::Test {
 protected:
  static constexpr std::size_t kBodyLimit = 1024 * 1024;
  static constexpr std::size_t kBigBody = 32 * 1024 * 1024;
  static constexpr std::size_t kManyParts = 2'000;

  ~ServerFixture() override { stop(); }

  // Starts the server with `options` on a free port of loopback.
  std::uint16_t start(ServerOptions options = {}, int io_threads = 1) {
    options.host = "127.0.0.1";
    options.port = 0;
    server_.emplace(io_.get_executor(), options, [this](Exchange& exchange) { return handle(exchange); });
    const auto port = server_->listen();
    EXPECT_TRUE(port) << (port ? "" : port.error().diagnostics);
    for (int i = 0; i < io_threads; ++i) runners_.emplace_back([this] { io_.run(); });
    return port ? *port : 0;
  }

  std::future<void> begin_shutdown(std::chrono::milliseconds limit) {
    return boost::asio::co_spawn(io_, server_->shutdown(limit), boost::asio::use_future);
  }

  void stop() {
    release();
    if (server_) begin_shutdown(std::chrono::seconds(5)).wait_for(std::chrono::seconds(20));
    server_.reset();
    work_.reset();
    io_.stop();
    for (auto& runner : runners_) runner.join();
    runners_.clear();
  }

  // Lets every waiting "/wait" and "/keep" answer, and those that come later.
  void release() {
    std::vector<std::function<void(bool)>> waiting;
    {
      std::lock_guard lock(mutex_);
      released_ = true;
      waiting.swap(waiting_);
    }
    for (auto& done : waiting) done(true);
  }

  std::size_t waiting() {
    std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  // "GET /echo" and so on, in the order in which handlers began.
  std::vector<std::string> seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }

  bool holds() {
    std::lock_guard lock(mutex_);
    return !held_.expired();
  }

  std::optional<Server> server_;
  boost::asio::io_context io_;

 private:
  static int status_of(core::ErrorCode code) {
    switch (code) {
      case core::ErrorCode::kTooLarge:
        return 413;
      case core::ErrorCode::kTimeout:
        return 408;
      case core::ErrorCode::kMalformed:
        return 400;
      case core::ErrorCode::kUnavailable:
        return 503;
      default:
        return 500;
    }
  }

  static boost::asio::awaitable<Response> echo(Exchange& exchange) {
    auto body = co_await exchange.read_body(kBodyLimit);
    if (!body) co_return Response{status_of(body.error().code), {}, body.error().diagnostics};
    co_return Response{200, {{"Content-Type", "text/plain"}}, std::move(*body)};
  }

  // The body is held until the request is done, and waiting() says when it is there.
  boost::asio::awaitable<Response> keep_body_until_release(Exchange& exchange) {
    const auto body = co_await exchange.read_body(kBodyLimit);
    if (!body) co_return Response{status_of(body.error().code), {}, body.error().diagnostics};
    co_return co_await wait_for_release();
  }

  boost::asio::awaitable<Response> wait_for_release() {
    co_await core::await_callback<bool>([this](auto done) {
      {
        std::lock_guard lock(mutex_);
        if (!released_) return waiting_.push_back(done);
      }
      done(true);
    });
    co_return Response{200, {}, "released"};
  }

  // More than a mebibyte of which no part alone is much.
  static Response in_many_parts() {
    Response response{200, {}, "a"};
    response.more.assign(kManyParts, std::string(16 * 1024, 'b'));
    return response;
  }

  // "a", then kBigBody of "b", then "c"; held_ is alive until it is sent.
  Response in_parts() {
    Response response{200, {}, "a"};
    response.more = {std::string(kBigBody, 'b'), "", "c"};
    response.hold = std::make_shared<int>(1);
    std::lock_guard lock(mutex_);
    held_ = response.hold;
    return response;
  }

  boost::asio::awaitable<Response> handle(Exchange& exchange) {
    const Request& request = exchange.request();
    {
      std::lock_guard lock(mutex_);
      seen_.push_back(request.method + " " + request.target);
    }
    if (request.target == "/throw") throw std::runtime_error("on purpose");
    if (request.target == "/wait") co_return co_await wait_for_release();
    if (request.target == "/keep") co_return co_await keep_body_until_release(exchange);
    if (request.target == "/echo") co_return co_await echo(exchange);
    if (request.target == "/big") co_return Response{200, {}, std::string(kBigBody, 'b')};
    if (request.target == "/parts") co_return in_parts();
    if (request.target == "/many-parts") co_return in_many_parts();
    if (request.target == "/address") co_return Response{200, {}, request.remote_address};
    if (request.target == "/twice") {
      co_await exchange.read_body(kBodyLimit);
      co_return co_await echo(exchange);
    }
    co_return Response{200, {}, "ignored the body"};
  }

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::thread> runners_;
  std::mutex mutex_;
  bool released_ = false;
  std::vector<std::function<void(bool)>> waiting_;
  std::vector<std::string> seen_;
  std::weak_ptr<const void> held_;
};

}  // namespace embergate::http
