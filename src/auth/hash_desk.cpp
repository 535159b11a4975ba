// SPDX-License-Identifier: Apache-2.0
#include "auth/hash_desk.hpp"

#include <boost/asio/post.hpp>

#include "embergate/core/blocking.hpp"

namespace embergate::auth {
namespace {

core::Error no_place() {
  return core::make_retriable(core::ErrorCode::kThrottled,
                              "too many authentications are being verified; try again in a second");
}

}  // namespace

boost::asio::awaitable<core::Result<bool>> HashDesk::run(core::Turn turn, std::function<bool()> work) {
  auto start = [self = shared_from_this(), turn = std::move(turn), work = std::move(work)](const auto& done) {
    self->enter(turn, Job{work, done});
  };
  co_return co_await core::await_callback<core::Result<bool>>(std::move(start));
}

void HashDesk::enter(const core::Turn& turn, Job job) {
  std::optional<Job> left_over;
  {
    std::lock_guard lock(mutex_);
    left_over = line_.push(turn, std::move(job));
  }
  // One call for each job that came; those of displaced jobs find nothing to do.
  boost::asio::post(thread_, [self = shared_from_this()] { self->serve_next(); });
  if (left_over) left_over->done(no_place());
}

void HashDesk::serve_next() {
  std::optional<Job> job;
  {
    std::lock_guard lock(mutex_);
    job = line_.pop();
  }
  if (!job) return;
  core::Result<bool> result = false;
  try {
    result = job->work();
  } catch (const std::exception&) {
    result = core::make_error(core::ErrorCode::kInternal, "an internal operation failed unexpectedly");
  }
  job->done(std::move(result));
}

}  // namespace embergate::auth
