// SPDX-License-Identifier: Apache-2.0
// Clients that write patients without pause while things happen to gateway and broker, and remember what was accepted.
// Each owns its patients, so versions of one patient come from one writer in order. Thread: start, stop and the
// results from one thread; writers are threads of their own. Units: writes a second, over all writers. Failure: a write
// that was not answered with 2xx counts as refused and is not expected anywhere.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/rest_client.hpp"

namespace embergate::test {

struct LoadOptions {
  std::size_t writers = 8;
  double writes_per_second = 500;
  std::size_t patients_per_writer = 20;
  std::size_t deletes_every = 0;  // one in so many writes is a DELETE; 0: none
};

class Load {
 public:
  using MakeClient = std::function<RestClient()>;
  // `port` is asked before each write, so that a gateway that was started again is found.
  Load(const LoadOptions& options, MakeClient client, std::function<std::uint16_t()> port);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void stop();  // waits for the writes on their way
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  // After stop(): "Patient/id" -> versions that were answered with 2xx, ascending.
  [[nodiscard]] std::map<std::string, std::vector<std::int64_t>> versions() const;
  // The statuses that refused writes got, with how often; 0 is no answer.
  [[nodiscard]] std::map<int, std::uint64_t> refusals() const;

 private:
  struct Writer {
    std::thread thread;
    std::map<std::string, std::vector<std::int64_t>> versions;
    std::map<int, std::uint64_t> refusals;
  };
  void run(std::size_t index);
  bool pause_until(std::chrono::steady_clock::time_point next);  // false: stopped
  void write_one(RestClient& client, Writer& writer, std::size_t index, std::uint64_t count);

  LoadOptions options_;
  MakeClient make_client_;
  std::function<std::uint16_t()> port_;
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::vector<Writer> writers_;
};

}  // namespace embergate::test
