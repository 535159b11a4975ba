// SPDX-License-Identifier: Apache-2.0
// One thread that serves the event queues of every client of the pool. librdkafka writes to a client's eventfd when its
// queue becomes non-empty; the source clears the descriptor first and then polls the queue (decision 28, architecture
// 7). Thread: add, remove and post from any thread; remove() returns when the pump is not inside the source and will
// not be again, so never call it on the pump thread. Ownership: the pump shares its sources until remove() or stop().
// Bound: a source gets `kBudget` events a turn. Failure: a pump without its descriptors cannot be made (EG_ASSERT: the
// process is out of descriptors at start); a source that the system does not watch, for lack of memory, is looked at
// ten times a second until it does.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace embergate::kafka {

class EventSource {
 public:
  virtual ~EventSource() = default;
  [[nodiscard]] virtual int descriptor() const = 0;  // an eventfd
  // Serves at most `budget` events; returns true when some may be left.
  virtual bool serve(std::size_t budget) = 0;
};

class EventPump {
 public:
  static constexpr std::size_t kBudget = 256;
  EventPump();
  ~EventPump();
  EventPump(const EventPump&) = delete;
  EventPump& operator=(const EventPump&) = delete;

  void add(std::shared_ptr<EventSource> source);
  void remove(const EventSource& source);
  // Runs on the pump thread; after stop() at once, on the caller's.
  void post(std::function<void()> task);
  [[nodiscard]] bool on_pump_thread() const { return std::this_thread::get_id() == thread_.get_id(); }
  void stop();

 private:
  void run();
  [[nodiscard]] bool watch(int descriptor) const;
  bool serve_unwatched();  // false: there are none
  void serve(int descriptor);
  void run_posted();

  std::mutex mutex_;
  std::condition_variable left_;
  std::map<int, std::shared_ptr<EventSource>> sources_;
  std::vector<int> unwatched_;  // of sources_
  const EventSource* inside_ = nullptr;
  std::vector<std::function<void()>> posted_;
  bool stopped_ = false;
  int epoll_ = -1;
  int wake_ = -1;
  std::thread thread_;
};

// Adds one to an eventfd, or reads it back to zero. Neither blocks.
void ring(int eventfd);
void clear(int eventfd);

}  // namespace embergate::kafka
