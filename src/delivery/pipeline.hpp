// SPDX-License-Identifier: Apache-2.0
// What one relay has sent, what became of it, and what may be sent next: windows in flight, settled in order, and the
// resources held back (decision 19, architecture 4). Pure bookkeeping without clock, I/O or thread of its own, so that
// every interleaving can be tried. Thread: the relay's strand; building reads it from the pool while the strand waits
// for that. Ownership: keeps windows until they are settled. Failure: none of its own; a calling order that cannot be
// (a report for an unknown window) ends the program (EG_ASSERT).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "delivery/error_log.hpp"
#include "delivery/held_resources.hpp"
#include "delivery/size_limit.hpp"
#include "delivery/window.hpp"

namespace embergate::delivery {

struct Now {
  core::SteadyTime steady;
  core::SystemTime system;
};

class Pipeline {
 public:
  // `ordered`: versions of one resource keep their order (records have keys).
  Pipeline(store::DestinationSlot slot, std::size_t max_windows, RetryPolicy retry, bool ordered = true,
           std::size_t max_held = HeldResources::kMaxHeld);

  // Rows that wait in the database: those of a start, and those that take the places of others that were parked.
  // `all`: there are no others.
  void load(const std::vector<store::HeldRow>& rows, bool all, Now now);
  // Rows wait in the database that are not known here. They come in by load() when they are due and there is room, and
  // what is sent meanwhile is built only from settled rows, so that the database can tell what stands behind them.
  [[nodiscard]] bool some_parked() const { return parked_; }
  [[nodiscard]] bool may_load() const { return parked_ && !settling_ && held_.size() < held_.max_held(); }

  // What an operator did to rows (store::Transaction::release_held, discard_held).
  void released(const std::vector<store::HeldRow>& rows, Now now);
  void discarded(const std::vector<store::HeldRow>& rows, Now now);

  // Rows of these resources that were undecided have their verdict.
  void decided(const std::vector<std::string>& resources);

  [[nodiscard]] store::EventNumber cursor() const { return cursor_; }
  [[nodiscard]] const HeldResources& held() const { return held_; }
  [[nodiscard]] SizeLimit::Rules learned() const { return sizes_.rules(); }
  [[nodiscard]] bool may_read_on() const { return may_build() && !quiet_wanted_; }
  // What of the held rows is to be sent now, before anything is read on.
  [[nodiscard]] std::vector<HeldResources::Job> ready_jobs(Now now, std::size_t limit);

  // What the next window with rows will be called, so that it can be sent before it is added here.
  [[nodiscard]] std::uint64_t next_sequence() const { return last_sequence_ + 1; }
  // The two kinds of windows: read on, or of held resources. Each returns the number under which the window's report
  // has to come; a window without records needs no report and no number (0).
  std::uint64_t add_read(Window window, store::EventNumber cursor, Now now);
  struct Progress {  // of one job
    enum class Found { kNothing, kSent, kRefused, kGivenUp };
    HeldResources::Job job;
    Found found = Found::kNothing;
    store::EventNumber next = 0;              // catch_up: rows below were taken
    bool complete = true;                     // catch_up: none is left at or below the cursor
    bool took_any = false;                    // catch_up: rows were taken, so that there is another round
    std::vector<store::EventNumber> dropped;  // catch_up: that are not wanted
  };
  std::uint64_t add_jobs(Window window, const std::vector<Progress>& jobs, Now now);

  void report(std::uint64_t sequence, kafka::BatchReport report);
  // Goes through the windows whose turn it is. Nothing when there is none or the last settlement is still on its way.
  std::optional<store::Settlement> take_settlement(Now now);
  void settled(core::SteadyTime now);

  // A topic or connection failed: nothing new is sent until all is settled and rewind() was called.
  [[nodiscard]] const std::optional<Trouble>& failure() const { return failure_; }
  // Whether the failure is one of the topic: that the connection is back does not mend it.
  [[nodiscard]] bool failed_for_topic() const { return failed_for_topic_; }
  [[nodiscard]] bool drained() const { return windows_.empty() && !settling_; }
  void rewind();

  [[nodiscard]] std::size_t records_in_flight() const { return records_in_flight_; }
  [[nodiscard]] const Window* oldest_unreported() const;
  [[nodiscard]] const Window* window(std::uint64_t sequence) const;  // nullptr: unknown
  [[nodiscard]] const std::optional<Trouble>& last_refusal() const { return last_refusal_; }
  void clear_last_refusal() { last_refusal_.reset(); }

 private:
  struct InFlight {
    Window window;
    std::optional<kafka::BatchReport> report;
  };
  [[nodiscard]] bool may_build() const;
  [[nodiscard]] bool is_in_flight(store::EventNumber number) const;
  void load_row(const store::HeldRow& row, Now now);
  [[nodiscard]] std::vector<HeldResources::Job> probe_or_wait(const HeldResources::Moment& moment, Now now);
  std::uint64_t add(Window window, bool probe, Now now);
  void hold(std::string_view resource, store::EventNumber number, Refusal refusal, Now now);
  void settle_window(InFlight& in_flight, Now now, store::Settlement& out);
  // How many of the window's records were found too long. Learns from it.
  std::size_t judge_sizes(const InFlight& in_flight, core::SteadyTime now);
  void settle_refused(const RefusedRow& row, store::Settlement& out);
  void settle_delivered(const Row& row, Now now, store::Settlement& out);
  void settle_failed(const Row& row, const kafka::RecordFailure& failure, Refusal refusal, Now now,
                     store::Settlement& out);
  void append_waiting(std::string_view resource, store::EventNumber number, store::Settlement& out);
  void append_deferred(store::Settlement& out);

  store::DestinationSlot slot_;
  std::size_t max_windows_;
  RetryPolicy retry_;
  HeldResources held_;
  SizeLimit sizes_;
  std::deque<InFlight> windows_;
  bool settling_ = false;             // a settlement is on its way
  std::size_t settling_windows_ = 0;  // in it
  bool parked_ = false;
  bool quiet_wanted_ = false;          // a probe waits until nothing is in flight
  std::uint64_t probe_sequence_ = 0;   // of the probe on its way; 0: none
  std::vector<std::string> deferred_;  // keys of held rows whose pause is to be written down
  std::uint64_t last_sequence_ = 0;
  std::uint64_t processed_ = 0;        // the newest window that was gone through
  std::uint64_t settled_through_ = 0;  // the newest window whose settlement is durable
  store::EventNumber cursor_ = 0;
  std::size_t records_in_flight_ = 0;
  std::optional<Trouble> failure_;
  bool failed_for_topic_ = false;
  std::optional<Trouble> last_refusal_;
};

}  // namespace embergate::delivery
