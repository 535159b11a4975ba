// SPDX-License-Identifier: Apache-2.0
// Clients that write patients of random weight and sex, and remember of each accepted write what a destination must
// get. Each writer owns its patients. Thread: start, stop and the results from one thread; writers are threads of their
// own. Failure: a write that was not answered with 2xx counts as refused and is expected nowhere.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/rest_client.hpp"

namespace embergate::test {

// Costs more steps than a write may spend when the patient has kDenseContacts contacts, and is true for women.
inline constexpr const char* kCostlyCriterion =
    "contact.all(%current.contact.name.family.count() = %current.contact.count()) and gender = 'female'";
inline constexpr std::size_t kDenseContacts = 900;
inline constexpr std::size_t kHeavyBytes = 4'000;

struct AcceptedWrite {
  std::string resource;  // Patient/m0-1
  std::int64_t version = 0;
  bool woman = false;
};

class MixWriters {
 public:
  using MakeClient = std::function<RestClient()>;
  MixWriters(std::size_t writers, double writes_per_second, std::uint32_t seed, MakeClient client);
  ~MixWriters();
  MixWriters(const MixWriters&) = delete;
  MixWriters& operator=(const MixWriters&) = delete;

  void stop();  // waits for the writes on their way
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::vector<AcceptedWrite> writes() const;      // after stop()
  [[nodiscard]] std::map<int, std::uint64_t> refusals() const;  // after stop(): status -> how often; 0: no answer

 private:
  struct Writer {
    std::thread thread;
    std::mt19937 random;
    std::vector<AcceptedWrite> writes;
    std::map<int, std::uint64_t> refusals;
  };
  void run(std::size_t index);
  void write_one(RestClient& client, Writer& writer, std::size_t index);
  bool pause_until(std::chrono::steady_clock::time_point next);  // false: stopped

  MakeClient make_client_;
  std::chrono::nanoseconds interval_;
  std::atomic<std::uint64_t> accepted_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::vector<Writer> writers_;
};

}  // namespace embergate::test
