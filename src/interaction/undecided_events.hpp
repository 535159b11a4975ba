// SPDX-License-Identifier: Apache-2.0
// Decides the events that a write could not (contract 2.2): reads undecided rows, evaluates the topic as it was on the
// states that the write saw, with a larger budget, and writes down the verdict. All rows get a quick look first; those
// that it is not enough for get the full budget one by one, slots and resources in turn, while no row waits for its
// quick look, and one of them each kQuickAlone while new rows never end. The order of verdicts is free: the relay keeps
// that of the events. Thread: one of its own, so that neither writer, io nor relays wait; wake() from any, start()
// once, stop() any number of times. Ownership: the store, and what `notice` uses, outlive stop(). Failure: none of its
// own; a database that does not answer is asked again after a pause. What exceeds the larger budget, and what cannot be
// read in kRounds rounds, stays undecided until an operator decides.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/store.hpp"
#include "embergate/topic/decision.hpp"
#include "interaction/criteria_failures.hpp"

namespace embergate::interaction {

class UndecidedEvents {
 public:
  static constexpr std::size_t kBatch = 32;                 // rows of one slot, then another has its turn
  static constexpr core::Milliseconds kBatchTime{200};      // or as many as this allows
  static constexpr core::Milliseconds kIdlePoll{5'000};     // beside wake()
  static constexpr core::Milliseconds kRetryPause{1'000};   // after a failure of the store
  static constexpr core::Milliseconds kQuickAlone{10'000};  // then one full look, though rows wait for quick ones
  static constexpr std::uint32_t kRounds = 60;              // in which a row may hold up those behind it in its slot
  static constexpr std::size_t kKept = 1'024;               // verdicts, and a sixteenth as many topics

  // Rows that are decided, for their relay; on this thread.
  using Notice = std::function<void(store::DestinationSlot slot, std::vector<store::HeldRow> wanted,
                                    std::vector<store::HeldRow> unwanted)>;
  // An event that is wanted, for the metrics; its topic may be gone by now.
  using Wanted = std::function<void(std::string_view topic_url, std::string_view action)>;

  UndecidedEvents(store::Store& store, CriteriaFailures& failures, Notice notice, Wanted wanted,
                  core::Milliseconds retry_pause = kRetryPause, core::Milliseconds quick_alone = kQuickAlone);
  ~UndecidedEvents() { stop(); }
  UndecidedEvents(const UndecidedEvents&) = delete;
  UndecidedEvents& operator=(const UndecidedEvents&) = delete;

  void start();
  void wake();
  void stop();  // within the time of about a thousand steps

 private:
  enum class Look : std::uint8_t { kQuick, kFull };
  struct Judgement {
    store::Verdict verdict = store::Verdict::kUnknown;
    bool later = false;  // the quick look was not enough
    std::string reason;
    std::string topic_url;
    store::Interaction interaction = store::Interaction::kCreate;
  };
  struct States {
    fhir::ResourcePtr current;
    fhir::ResourcePtr previous;
    store::StoredVersion written;
  };
  using Topic = std::shared_ptr<const topic::SubscriptionTopic>;
  struct Decided {
    store::UndecidedRow row;
    Judgement judgement;
    bool changed = false;
  };

  void run();
  struct Slot {
    store::EventNumber looked_at = 0;  // every row up to this one had its quick look
    std::string resource;              // of the last row that was looked at in full
  };

  core::Result<bool> decide_some();  // false: there is nothing to do
  core::Result<bool> look_quickly(const std::vector<store::UndecidedRow>& first);
  core::Result<void> look_fully();
  core::Result<void> look_fully_at_next();
  core::Result<void> decide_rows(const std::vector<store::UndecidedRow>& rows, Look look);
  core::Result<Judgement> judge_in_rounds(const store::UndecidedRow& row, Look look);
  Slot& slot_of(store::DestinationSlot slot);
  static Judgement undecidable(std::string reason);
  core::Result<void> write_down(std::vector<Decided>& decided);
  void tell(const std::vector<Decided>& decided);
  core::Result<Judgement> judge(const store::UndecidedRow& row, Look look);
  core::Result<Judgement> evaluate(const store::UndecidedRow& row, Look look);
  core::Result<Topic> topic_of(const store::UndecidedRow& row);
  core::Result<States> states_of(const store::UndecidedRow& row);
  void wait(core::Milliseconds pause, bool may_be_woken);

  store::Store& store_;
  CriteriaFailures& failures_;
  const Notice notice_;
  const Wanted wanted_;
  const core::Milliseconds retry_pause_;
  const core::Milliseconds quick_alone_;
  // Those below: on the thread.
  store::DestinationSlot last_slot_{};       // of the round of quick looks
  store::DestinationSlot last_full_slot_{};  // of the full ones
  bool progress_in_round_ = false;           // some rows had their quick look
  core::SteadyTime full_look_due_{};         // at the latest
  std::map<store::DestinationSlot, Slot> slots_;
  bool failing_ = false;  // logged once for each episode, which ends with a round through the slots without one
  bool failed_in_round_ = false;
  std::map<std::pair<store::VersionId, store::VersionId>, Judgement> kept_;  // by version and topic
  std::unordered_map<store::VersionId, Topic> topics_;
  // Rounds in which a row could not be read; only such rows.
  std::map<std::pair<store::DestinationSlot, store::EventNumber>, std::uint32_t> unread_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace embergate::interaction
