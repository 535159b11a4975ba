// SPDX-License-Identifier: Apache-2.0
// A fixed number of read-only connections, lent out one at a time. Each lease is one consistent view of the database.
// The log can start again only in a moment without readers, which two drains side by side would never leave:
// hold_until() keeps new leases waiting for a short while to make one.
// Thread: any.
// Ownership: the pool owns the connections; a Lease must end before the pool does, close() waits for that.
// Failure: kUnavailable and retriable when none comes free in time, when a lease lasts longer than the pool's deadline
// (its statements end), and after close(). Who waits, waits a second longer than a lease may last, so that one read
// that goes on and on fails alone.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

class ReaderPool {
 public:
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection);
    ~Lease();
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    [[nodiscard]] Connection& connection() { return *connection_; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // How long a lease may last, and what the error says of one that lasts longer: a literal.
  struct Deadline {
    core::Milliseconds time;
    std::string_view took_too_long = kReadTookTooLong;
  };

  static core::Result<std::unique_ptr<ReaderPool>> open(const std::string& path, std::size_t connections,
                                                        const Deadline& deadline);
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  core::Result<Lease> acquire();
  void hold_until(core::SteadyTime time);  // a time in the past ends it
  [[nodiscard]] bool quiet() const;        // nothing is lent
  void close();

 private:
  explicit ReaderPool(const Deadline& deadline) : deadline_(deadline) {}
  void give_back(std::unique_ptr<Connection> connection);

  [[nodiscard]] bool wait_for_turn(std::unique_lock<std::mutex>& lock, core::SteadyTime deadline);

  const Deadline deadline_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t lent_ = 0;
  core::SteadyTime held_until_{};
  bool closed_ = false;
};

}  // namespace embergate::store::sqlite
