// SPDX-License-Identifier: Apache-2.0
// Two bridges between coroutines and the rest of the program.
// run_blocking(pool, fn), for a FairPool run_blocking(pool, owner, fn): runs fn on the pool and resumes the caller on
// its own executor with the result; an exception of fn comes back as an Error of class kInternal.
// await_callback<T>(start): calls start(done) at once; done(value) may be called from any thread, exactly once, and
// resumes the caller on its own executor. Ownership: values are moved through; nothing is shared. Neither has a
// deadline of its own: what runs inside has.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "embergate/core/fair_pool.hpp"
#include "embergate/core/result.hpp"

namespace embergate::core {

template <class T, class Start>
boost::asio::awaitable<T> await_callback(Start start) {
  // A std::function must be copyable and a completion handler is not: the handler lives behind a shared pointer until
  // it is used once.
  auto initiate = [](auto handler, const Start& begin) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    begin([shared, executor](T value) {
      boost::asio::post(executor, [shared, moved = std::make_shared<T>(std::move(value))]() mutable {
        (*shared)(std::move(*moved));
      });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(start));
}

template <class Fn>
auto result_or_failure(Fn& fn) -> std::invoke_result_t<Fn&> {
  try {
    return fn();
  } catch (const std::exception&) {
    return make_error(ErrorCode::kInternal, "an internal operation failed unexpectedly");
  }
}

// fn returns Result<T>.
template <class Fn>
auto run_blocking(boost::asio::thread_pool& pool, Fn fn) -> boost::asio::awaitable<std::invoke_result_t<Fn&>> {
  auto work = std::make_shared<Fn>(std::move(fn));
  auto start = [&pool, work](const auto& done) {
    boost::asio::post(pool, [work, done] { done(result_or_failure(*work)); });
  };
  co_return co_await await_callback<std::invoke_result_t<Fn&>>(std::move(start));
}

template <class Fn>
auto run_blocking(FairPool& pool, std::string owner, Fn fn) -> boost::asio::awaitable<std::invoke_result_t<Fn&>> {
  auto work = std::make_shared<Fn>(std::move(fn));
  auto start = [&pool, work, from = std::move(owner)](const auto& done) {
    pool.post(from, [work, done] { done(result_or_failure(*work)); });
  };
  co_return co_await await_callback<std::invoke_result_t<Fn&>>(std::move(start));
}

}  // namespace embergate::core
