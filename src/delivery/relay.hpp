// SPDX-License-Identifier: Apache-2.0
// The relay of one destination: reads its rows, sends them in windows, settles what was acknowledged, and keeps trying
// what was not (architecture 4, decision 19). Thread: one coroutine on a strand of its own; reading, building and
// sending run on the relays' pool while the strand stays free. All public functions from any thread, stop() and view()
// from any coroutine. Ownership: owns its Producer; outbox, pool and clock outlive run(). Callbacks that come late keep
// the Relay alive and do nothing. Failure: never ends because of one; what is wrong stands in errors().
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "delivery/error_log.hpp"
#include "delivery/pipeline.hpp"
#include "delivery/relay_metrics.hpp"
#include "delivery/window_source.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/kafka/producer.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/store/outbox.hpp"

namespace embergate::delivery {

struct RelayOptions {
  store::DestinationSlot slot;
  std::string destination_id;
  std::size_t windows_in_flight = 4;
  core::Milliseconds idle_poll{2'000};
  RetryPolicy retry;
  core::Milliseconds inquire_after{5'000};       // without an answer Kafka is asked why, again and again
  core::Milliseconds delivery_timeout{120'000};  // records that wait longer for an answer are an error to show
  bool ordered = true;                           // records have keys, so versions of a resource keep their order
  std::size_t max_held = HeldResources::kMaxHeld;
  bool log_attempts = false;  // enableLogging (contract 2.11)
  observability::log::Level log_level = observability::log::Level::kInfo;
};

class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(RelayOptions options, const boost::asio::any_io_executor& executor, boost::asio::thread_pool& pool,
        store::Outbox& outbox, std::unique_ptr<kafka::Producer> producer, WindowSource source,
        std::shared_ptr<ErrorLog> errors, const core::Clock& clock, RelayMetrics metrics);

  void start();
  void wake();       // there are new rows
  void retry_now();  // the connection is back: a pause after a failure ends, but for one of the topic
  // What an operator did to held rows, after it was committed.
  void released(std::vector<store::HeldRow> rows);
  void discarded(std::vector<store::HeldRow> rows);
  // Ends the relay within about `limit`. `settle`: records in flight get half of the time for their answers, and what
  // was acknowledged is settled; otherwise everything is dropped at once. Afterwards the outbox is not touched any
  // more.
  boost::asio::awaitable<void> stop(core::Milliseconds limit, bool settle);

  struct View {
    std::size_t in_process = 0;
    struct Waiting {
      std::string resource;
      core::Fault fault = core::Fault::kNone;
      std::string reason;
      core::SystemTime next_try{};
    };
    std::vector<Waiting> waiting;  // a few of them
  };
  boost::asio::awaitable<View> view();
  [[nodiscard]] kafka::ConnectionStatus connection() const;  // of nothing when the relay has ended
  // Records that were handed to Kafka and have no answer for longer than answers take.
  struct Unanswered {
    core::SystemTime since{};  // when the oldest of them was handed over
    std::string reason;        // empty: the cluster names none
    core::Fault fault = core::Fault::kKafkaTimeout;
  };
  [[nodiscard]] std::optional<Unanswered> unanswered() const;
  [[nodiscard]] const RelayOptions& options() const { return options_; }
  // Rows that are held as of the last look at the counters, some seconds ago at most; for health.
  struct Held {
    std::uint64_t waiting = 0;
    std::uint64_t superseded = 0;
    std::uint64_t undecided = 0;
    std::set<core::Fault> refusals;  // of rows that wait; one that was released and never refused has none
    [[nodiscard]] std::uint64_t rows() const { return waiting + superseded + undecided; }
  };
  [[nodiscard]] Held held() const;
  // Whether anything is in the queue or on its way, as of the same look.
  [[nodiscard]] bool is_busy() const { return is_busy_; }

 private:
  struct Report {
    std::uint64_t sequence = 0;
    kafka::BatchReport report;
  };
  enum class Stop { kNo, kSettle, kDrop };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> load();
  boost::asio::awaitable<void> refill();
  struct Waiting {
    std::vector<store::HeldRow> rows;
    bool all = false;
  };
  core::Result<Waiting> read_waiting(core::SystemTime due);
  void absorb_decisions();
  [[nodiscard]] WindowSource::Books books() const;
  boost::asio::awaitable<bool> step();
  boost::asio::awaitable<bool> send_next();
  boost::asio::awaitable<bool> send_jobs(std::vector<HeldResources::Job> jobs);
  boost::asio::awaitable<void> absorb_reports();
  struct Counts {
    store::SlotCounters slot;
    std::set<core::Fault> refusals;
  };
  core::Result<Counts> read_counts(bool some_parked);  // on the pool: nothing of the strand is touched
  void add_refusals_in_memory(Counts& counts) const;
  void set_held(Counts counts);
  boost::asio::awaitable<void> refresh_gauges();
  boost::asio::awaitable<void> drain();
  void finish();
  boost::asio::awaitable<void> wait();
  boost::asio::awaitable<void> stop_on_strand(core::Milliseconds limit, bool settle);
  boost::asio::awaitable<View> view_on_strand();
  void signal();
  void send(const Window& window, std::uint64_t sequence);
  void note(const Trouble& trouble);
  void note_lasting(const Trouble& trouble);  // noticed at each look for as long as it lasts
  void pause();
  void settle();
  void absorb_settled();
  bool end_pause_after_failure(core::SteadyTime now);
  bool can_send(core::SteadyTime now);
  void watch_the_wait(core::SteadyTime now);
  void inquire(const Window* oldest, core::SteadyTime now);
  void set_unanswered(std::optional<Unanswered> unanswered);
  void log_attempts(const Window& window, const kafka::BatchReport& report) const;
  [[nodiscard]] Now now() const { return {clock_.steady_now(), clock_.system_now()}; }

  RelayOptions options_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer finished_timer_;
  boost::asio::thread_pool& pool_;
  store::Outbox& outbox_;
  mutable std::mutex producer_mutex_;  // connection() against finish(); unanswered_, held_
  std::unique_ptr<kafka::Producer> producer_;
  std::optional<Unanswered> unanswered_;
  Held held_;
  WindowSource source_;
  std::shared_ptr<ErrorLog> errors_;
  const core::Clock& clock_;
  RelayMetrics metrics_;

  std::atomic<bool> woken_{true};
  std::atomic<bool> is_busy_{false};
  // All below: on the strand.
  Pipeline pipeline_;
  std::vector<Report> reports_;
  struct Decision {  // of an operator
    std::vector<store::HeldRow> rows;
    bool release = false;
  };
  std::vector<Decision> decisions_;
  core::SteadyTime refill_at_{};
  std::optional<store::Settlement> settlement_;  // on its way, or to be sent again
  bool settlement_sent_ = false;
  std::optional<core::Result<void>> settled_;  // the store's answer, until the coroutine takes it in
  core::SteadyTime settle_again_{};
  core::SteadyTime paused_until_{};
  bool pause_is_for_topic_ = false;
  std::uint32_t failures_in_a_row_ = 0;
  core::SteadyTime looked_at_{};  // when the last step began: what was due then, it has seen
  core::SteadyTime last_read_{};
  core::SteadyTime last_gauges_{};
  core::SteadyTime inquire_again_{};
  bool more_ = true;
  bool signalled_ = false;
  Stop stop_ = Stop::kNo;
  core::SteadyTime purge_at_{};
  core::SteadyTime give_up_at_{};
  bool finished_ = false;
  std::minstd_rand random_;
};

}  // namespace embergate::delivery
