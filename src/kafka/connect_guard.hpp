// SPDX-License-Identifier: Apache-2.0
// Stands before every connection that one client makes. It asks whether the broker may be shown the login: the cluster
// names brokers of its own choice, and the address in the destination says nothing of them (S-02). And while it holds,
// the client connects to no one: the library would go on knocking about once a second with a login that was just
// refused, and brokers lock accounts for that. The client keeps its queue and its producer id meanwhile, so
// nothing is sent twice for it. It shuts for good when records came back as failures of the connection: the library
// would send what is queued behind them, and younger versions would overtake older ones (decision 19); to know that,
// no one connects before all reports were read. A client whose login is on trial has one connection from its birth on:
// the library knocks again a tenth of a second after a refusal, and at other brokers at once, and each would count as a
// failed login. Thread: connect_to() is called on the library's broker threads: it calls nothing back, and waits 50 ms
// at most for the reader of the reports, and as long for the end of a trial; the rest from any thread. Ownership: must
// outlive its client; see OpenClient. Failure: a refused connection looks to the library like one that the network
// refused, and is tried again within a second.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "embergate/core/clock.hpp"
#include "kafka/descriptor.hpp"
#include "kafka/fault_codes.hpp"
#include "kafka/rd_handles.hpp"

namespace embergate::kafka {

// Why a client must not connect to this "host:port"; nothing: it may. Called on any thread, often.
using BrokerObjection = std::function<std::optional<std::string>(std::string_view broker)>;

enum class Trial { kNo, kYes };  // whether the login of a client has yet to prove itself

class ConnectGuard {
 public:
  ConnectGuard(BrokerObjection objection, Trial trial)
      : objection_(std::move(objection)), on_trial_(trial == Trial::kYes) {
    ++alive_count;
  }
  ~ConnectGuard();
  ConnectGuard(const ConnectGuard&) = delete;
  ConnectGuard& operator=(const ConnectGuard&) = delete;

  void install(rd_kafka_conf_t* conf);
  // No one connects before this: the library's threads live before the client knows its login.
  void open();
  void hold() { holding_.store(true); }
  void release() { holding_.store(false); }
  [[nodiscard]] bool holding() const { return holding_.load(); }
  void shut() { shut_.store(true); }
  [[nodiscard]] bool is_shut() const { return shut_.load(); }
  // Who reads the client's reports, from now on; `wake_reader` is called with a lock of the guard held. The reader
  // takes asked() before it reads, and when nothing is left says that it has read so far.
  void read_reports_by(std::function<void()> wake_reader);
  [[nodiscard]] std::uint64_t asked() const;
  void have_read(std::uint64_t asked);
  // A connection ended, and that says nothing of the login: if it is the one on trial, another one may be made.
  void allow_another();
  void allow_all();  // the trial is over; what was objected to in it is forgotten
  // The newest objection; empty when there was none.
  [[nodiscard]] std::string objection() const;
  // What the library said, with what OpenSSL had against the broker's certificate where that is what it is about.
  [[nodiscard]] ConnectionError described(rd_kafka_resp_err_t error, std::string_view text) const;
  // For how long the brokers held their last answers back for a quota, when that is news: 0, no longer.
  [[nodiscard]] std::optional<core::Milliseconds> throttle_news();
  // Why a broker that it let the client to may not be connected to any more; nothing: all of them may.
  [[nodiscard]] std::optional<std::string> objection_now() const;
  // How many clients of the library there are in this process.
  [[nodiscard]] static int alive() { return alive_count.load(); }

 private:
  bool objects_to(const char* broker);
  bool is_on_trial_already();
  bool takes_the_place(int socket);
  [[nodiscard]] bool may_log_in() const;  // the connection on trial
  void forget_connection();
  int refusal_of(int socket, const char* broker) noexcept;
  static int connect_to(int socket, const sockaddr* address, int size, const char* broker, void* opaque) noexcept;
  static int judge_certificate(rd_kafka_t* client, const char* broker, std::int32_t id, int* verdict, int depth,
                               const char* certificate, std::size_t size, char* reason, std::size_t reason_size,
                               void* opaque) noexcept;
  static void throttled(rd_kafka_t* client, const char* broker, std::int32_t id, int milliseconds,
                        void* opaque) noexcept;
  bool reports_are_read();
  bool is_open() const;

  static constexpr int kNoNews = -1;
  static inline std::atomic<int> alive_count{0};
  const BrokerObjection objection_;
  std::atomic<bool> holding_{false};
  std::atomic<bool> shut_{false};
  std::atomic<int> throttle_{kNoNews};
  std::atomic<int> certificate_{0};  // OpenSSL's last objection to one of a broker
  mutable std::mutex mutex_;
  std::function<void()> wake_reader_;
  std::condition_variable all_read_;
  bool is_open_ = false;
  std::uint64_t asked_ = 0;
  std::uint64_t read_ = 0;
  std::string objected_;
  std::set<std::string> let_to_;  // at most kMostBrokers
  bool on_trial_;
  std::condition_variable trial_ends_;
  int tried_ = -1;  // a descriptor of our own of the connection on trial; -1: there was none
  core::SteadyTime tried_at_{};
};

// A client of the library with what must outlive it.
struct OpenClient {
  Descriptor bell;  // an eventfd for the reader of its events
  std::shared_ptr<ConnectGuard> guard;
  ClientHandle handle;
  OpenClient() = default;
  OpenClient(OpenClient&&) noexcept = default;
  OpenClient& operator=(OpenClient&& other) noexcept {
    handle = std::move(other.handle);  // before the guard that it may still call
    guard = std::move(other.guard);
    bell = std::move(other.bell);
    return *this;
  }
  explicit operator bool() const { return handle != nullptr; }
};

}  // namespace embergate::kafka
