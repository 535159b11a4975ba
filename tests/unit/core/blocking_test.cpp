// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/blocking.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <thread>

namespace embergate::core {
namespace {

boost::asio::awaitable<void> run_on_pool(boost::asio::thread_pool& pool, std::thread::id& worker,
                                         std::thread::id& after, int& value) {
  auto result = co_await run_blocking(pool, [&worker]() -> Result<int> {
    worker = std::this_thread::get_id();
    return 42;
  });
  after = std::this_thread::get_id();
  value = result.value();
}

TEST(RunBlocking, WorksOnThePoolAndComesBackToTheCaller) {
  boost::asio::io_context io;
  boost::asio::thread_pool pool(1);
  std::thread::id worker;
  std::thread::id after;
  int value = 0;
  boost::asio::co_spawn(io, run_on_pool(pool, worker, after, value), boost::asio::detached);
  io.run();
  EXPECT_EQ(value, 42);
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(after, std::this_thread::get_id());
}

boost::asio::awaitable<void> run_throwing(boost::asio::thread_pool& pool, ErrorCode& code) {
  auto result = co_await run_blocking(pool, []() -> Result<int> { throw std::runtime_error("inside"); });
  code = result.error().code;
}

TEST(RunBlocking, TurnsAnExceptionIntoAnError) {
  boost::asio::io_context io;
  boost::asio::thread_pool pool(1);
  ErrorCode code = ErrorCode::kInvalid;
  boost::asio::co_spawn(io, run_throwing(pool, code), boost::asio::detached);
  io.run();
  EXPECT_EQ(code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace embergate::core
