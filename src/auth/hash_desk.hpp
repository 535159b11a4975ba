// SPDX-License-Identifier: Apache-2.0
// The one thread that computes slow hashes, and the line before it, shared fairly by address.
// Thread: run() is a coroutine for any executor. Ownership: the work is kept until it ran; join() before destroying.
// Failure: kThrottled where there is no place in the line.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "embergate/core/fair_queue.hpp"
#include "embergate/core/result.hpp"

namespace embergate::auth {

class HashDesk : public std::enable_shared_from_this<HashDesk> {
 public:
  HashDesk(std::size_t places, std::size_t places_per_source) : line_(places, places_per_source) {}
  boost::asio::awaitable<core::Result<bool>> run(core::Turn turn, std::function<bool()> work);
  void join() { thread_.join(); }

 private:
  struct Job {
    std::function<bool()> work;
    std::function<void(core::Result<bool>)> done;
  };
  void enter(const core::Turn& turn, Job job);
  void serve_next();

  std::mutex mutex_;
  core::FairQueue<Job> line_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace embergate::auth
