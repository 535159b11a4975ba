// SPDX-License-Identifier: Apache-2.0
// Threads for work that blocks, shared fairly among those it is done for: while all threads are busy, the jobs of each
// owner (a client, an address) wait in a line of their own, and a thread that is free takes one of each line in turn.
// So the many jobs of one owner keep another's single one behind at most one of its own for each thread.
// Thread: post() from any; a job runs on one of the pool's. One mutex, held for a few operations of the lines.
// Ownership: a job is kept until it has run. join() waits for all of them; stop() and the destructor for those that
// run, and drop the others. Bound: none of its own; jobs come from requests, which are bounded by the connections, one
// each. Failure: a job must not throw; post() may, for lack of memory, and then the job is not taken.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "embergate/core/fair_queue.hpp"

namespace embergate::core {

class FairPool {
 public:
  using Job = std::function<void()>;

  explicit FairPool(std::size_t threads);
  ~FairPool();
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  // Work of the server itself has the empty owner.
  void post(std::string_view owner, Job job);
  void join();
  void stop();  // what is posted later is not run

  // An address as an owner, which no id of a client is equal to.
  static std::string owner_of_address(std::string_view address) { return "@" + std::string(address); }

 private:
  void run(Job job);

  const std::size_t threads_;
  std::mutex mutex_;
  std::size_t busy_ = 0;  // never above threads_
  bool stopped_ = false;
  FairQueue<Job> waiting_{FairQueue<Job>::kUnbounded, FairQueue<Job>::kUnbounded};  // empty while a thread is free
  boost::asio::thread_pool pool_;
};

}  // namespace embergate::core
