// SPDX-License-Identifier: Apache-2.0
#include "kafka/event_pump.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "embergate/core/assert.hpp"
#include "embergate/core/thread_name.hpp"

namespace embergate::kafka {

namespace {

constexpr int kUnwatchedStep = 100;  // milliseconds

}  // namespace

void ring(int eventfd) {
  const std::uint64_t one = 1;
  // A full counter means that the reader is called anyway.
  static_cast<void>(!write(eventfd, &one, sizeof one));
}

void clear(int eventfd) {
  std::uint64_t count = 0;
  static_cast<void>(!read(eventfd, &count, sizeof count));
}

EventPump::EventPump() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  EG_ASSERT(epoll_ >= 0 && wake_ >= 0);
  EG_ASSERT(watch(wake_));
  thread_ = std::thread([this] { run(); });
}

EventPump::~EventPump() {
  stop();
  close(epoll_);
  close(wake_);
}

bool EventPump::watch(int descriptor) const {
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.fd = descriptor;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &interest) == 0;
}

void EventPump::add(std::shared_ptr<EventSource> source) {
  const int descriptor = source->descriptor();
  {
    std::lock_guard lock(mutex_);
    sources_[descriptor] = std::move(source);
    if (!watch(descriptor)) unwatched_.push_back(descriptor);
  }
  ring(descriptor);  // what came before the source was added rang no one
  ring(wake_);
}

void EventPump::remove(const EventSource& source) {
  std::shared_ptr<EventSource> removed;  // released outside the lock
  std::unique_lock lock(mutex_);
  const auto found = sources_.find(source.descriptor());
  if (found == sources_.end()) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, source.descriptor(), nullptr);
  removed = std::move(found->second);
  sources_.erase(found);
  std::erase(unwatched_, source.descriptor());
  left_.wait(lock, [&] { return inside_ != &source; });
}

void EventPump::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (!stopped_) {
      posted_.push_back(std::move(task));
      task = nullptr;
    }
  }
  if (task) {
    task();
  } else {
    ring(wake_);
  }
}

void EventPump::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  ring(wake_);
  if (thread_.joinable()) thread_.join();
  run_posted();
  std::lock_guard lock(mutex_);
  sources_.clear();
  unwatched_.clear();
}

void EventPump::run() {
  core::name_this_thread("kafka-pump");
  std::array<epoll_event, 64> ready{};
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
    }
    const int limit = serve_unwatched() ? kUnwatchedStep : -1;
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), limit);
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.fd == wake_) {
        clear(wake_);
        run_posted();
      } else {
        serve(ready[i].data.fd);
      }
    }
  }
}

bool EventPump::serve_unwatched() {
  std::vector<int> descriptors;
  {
    std::lock_guard lock(mutex_);
    if (unwatched_.empty()) return false;
    descriptors = unwatched_;
    std::erase_if(unwatched_, [this](int descriptor) { return watch(descriptor); });
  }
  for (const int descriptor : descriptors) serve(descriptor);
  return true;
}

void EventPump::serve(int descriptor) {
  std::shared_ptr<EventSource> source;
  {
    std::lock_guard lock(mutex_);
    const auto found = sources_.find(descriptor);
    if (found == sources_.end()) return;
    source = found->second;
    inside_ = source.get();
  }
  if (source->serve(kBudget)) ring(descriptor);
  {
    std::lock_guard lock(mutex_);
    inside_ = nullptr;
  }
  left_.notify_all();
}

void EventPump::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

}  // namespace embergate::kafka
