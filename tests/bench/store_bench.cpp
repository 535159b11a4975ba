// SPDX-License-Identifier: Apache-2.0
// What the store does in a second: writes that share a commit against writes that do not, and the reading and settling
// of a queue.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "embergate/observability/metrics.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/sqlite_store.hpp"

namespace embergate::store {
namespace {

using Time = std::chrono::steady_clock;

// A store in a directory of its own, with one destination's queue.
class Scratch {
 public:
  explicit Scratch(std::size_t max_group) {
    std::string name = (std::filesystem::temp_directory_path() / ("embergate-bench-" + std::string(6, 'X'))).string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    directory_ = name;
    SqliteOptions options;
    options.path = directory_ / "box.db";
    options.max_group = max_group;
    auto opened = open_sqlite_store(options, core::system_clock(), metrics_);
    if (!opened) std::abort();
    store_ = *std::move(opened);
    bool done = false;
    store_->transact([this](Transaction& transaction) { return transaction.open_slot(slot_, "d1"); },
                     [&](const core::Result<CommitReceipt>&) { finish(done); });
    wait(done);
  }
  ~Scratch() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Store& store() { return *store_; }
  DestinationSlot slot() const { return slot_; }
  double commits() { return metrics_.counter("store_commits_total", "")->value(); }

  void finish(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    changed_.notify_all();
  }
  void wait(const bool& flag) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return flag; });
  }

 private:
  std::filesystem::path directory_;
  observability::Metrics metrics_;
  std::unique_ptr<Store> store_;
  DestinationSlot slot_{std::int64_t{1'000'000'000}};
  std::mutex mutex_;
  std::condition_variable changed_;
};

// Clients that each send the next write when the last one was answered; all of it happens on the writer's thread but
// for the start.
class Clients {
 public:
  Clients(Scratch& scratch, std::size_t writes) : scratch_(scratch), left_(writes) { latencies_.reserve(writes); }

  void run(std::size_t clients) {
    running_ = clients;
    for (std::size_t i = 0; i < clients; ++i) send();
    scratch_.wait(over_);
  }
  double percentile_ms(double share) {
    auto place = latencies_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(latencies_.size() - 1));
    std::nth_element(latencies_.begin(), place, latencies_.end());
    return std::chrono::duration<double, std::milli>(*place).count();
  }

 private:
  void send() {
    const auto start = Time::now();
    scratch_.store().transact([this](Transaction& transaction) { return write(transaction); },
                              [this, start](const core::Result<CommitReceipt>& outcome) {
                                if (!outcome) std::abort();
                                answered(start);
                              });
  }
  void answered(Time::time_point start) {
    latencies_.push_back(Time::now() - start);
    if (left_ > 0) {
      --left_;
      send();
    } else if (--running_ == 0) {
      scratch_.finish(over_);
    }
  }
  core::Result<void> write(Transaction& transaction) {
    NewVersion version;
    version.version_id = transaction.next_version_id();
    const std::string id = "6f1d2c3b-0000-4000-8000-" + std::to_string(100'000'000'000 + version.version_id);
    version.type = "Patient";
    version.id = id;
    version.last_updated = version.created_at = transaction.now();
    version.body = body_;
    EG_CHECK(transaction.put_version(version));
    const DestinationSlot slot = scratch_.slot();
    return transaction.append_events(version.version_id, std::span(&slot, 1), {});
  }

  Scratch& scratch_;
  std::size_t left_;
  std::size_t running_ = 0;
  bool over_ = false;
  std::vector<Time::duration> latencies_;
  const std::string body_ = std::string(1'200, 'x');
};

// Arguments: clients, writers that may share a commit.
void write_events(benchmark::State& state) {
  const auto clients = static_cast<std::size_t>(state.range(0));
  const std::size_t writes = state.range(0) == 1 || state.range(1) == 1 ? 5'000 : 60'000;
  for (auto _ : state) {
    state.PauseTiming();
    Scratch scratch(static_cast<std::size_t>(state.range(1)));
    Clients run(scratch, writes);
    const double commits_before = scratch.commits();
    state.ResumeTiming();
    run.run(clients);
    state.PauseTiming();
    state.counters["p50_ms"] = run.percentile_ms(0.5);
    state.counters["p99_ms"] = run.percentile_ms(0.99);
    state.counters["group"] = static_cast<double>(writes) / (scratch.commits() - commits_before);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(writes));
}
BENCHMARK(write_events)
    ->Args({64, 1})
    ->Args({64, 512})
    ->Args({1, 512})
    ->UseRealTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Argument: whether each window is settled after it was read.
void drain(benchmark::State& state) {
  constexpr std::size_t kEvents = 200'000;
  constexpr std::size_t kWindow = 10'000;
  Scratch scratch(512);
  Clients(scratch, kEvents).run(256);
  Outbox& outbox = scratch.store().outbox();
  std::size_t rows = 0;
  for (auto _ : state) {
    std::string window;
    EventNumber last = 0;
    for (;;) {
      window.clear();
      const EventNumber before = last;
      const auto read = outbox.read(scratch.slot(), last, kWindow, 32'000'000, [&](const OutboxEvent& event) {
        window.append(event.body);
        last = event.event_number;
        return true;
      });
      if (!read || *read == 0) break;
      rows += *read;
      if (state.range(0) == 0) continue;
      bool done = false;
      outbox.settle({scratch.slot(), {{before + 1, last}}, {}, *read, 0},
                    [&](const core::Result<void>&) { scratch.finish(done); });
      scratch.wait(done);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}
BENCHMARK(drain)->Arg(0)->Arg(1)->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace embergate::store
