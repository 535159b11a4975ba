// SPDX-License-Identifier: Apache-2.0
// The resources of one destination whose next row cannot simply be sent: a row of theirs waits for another try, or rows
// that were passed over have to be caught up (decision 19). Decides what may be sent now so that a version never
// overtakes an older one of the same resource. Rows that have no order to keep (a destination without keys, a row that
// was released) wait by themselves and hold back nothing. Thread: const functions from the building thread while no
// other thread changes it, all others on the relay's strand. Ownership: plain values. Bound: kMaxHeld entries and what
// the windows in flight can add; what is more is parked: it waits in the database only (park()).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "delivery/size_limit.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/store/outbox.hpp"

namespace embergate::delivery {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// Words of HeldRow::code, which stay as they were written; people and programs are shown the code of fault_of(). The
// word of an overtaken row that was released is no fault: no broker has refused it, and it is sent.
inline constexpr const char* kTooLongForUs = "max-request-size";  // longer than the destination's own limit
inline constexpr const char* kTooLongForBroker = "too-large";
inline constexpr const char* kRefusedByBroker = "refused";
inline constexpr const char* kOvertaken = "overtaken";  // failed with others, and a later version was delivered
inline constexpr const char* kUndecided = "undecided";

// The row of the table of error codes: for a word, and for a row in its state. Any word but kOvertaken has one, also
// what is not known.
core::Fault fault_of(std::string_view code);
core::Fault fault_of(const store::HeldRow& row);

// Why a row waits, for people and for the next try.
struct Refusal {
  std::string code;
  std::string reason;
  std::size_t bytes = 0;  // of the record; 0: not known
  bool by_size = false;   // it may be too long for the broker: tried without company
  bool given_up = false;  // it was discarded: its try deletes it
};

struct HeldResource {
  store::EventNumber waiting = 0;          // the lowest row that was refused and waits; 0: none
  std::vector<store::EventNumber> failed;  // other rows that failed in the windows of now, ascending
  bool by_itself = false;                  // one row that keeps no order
  bool trying = false;                     // the waiting row is on its way
  bool catching_up = false;                // nothing waits any more, but rows from `from` on were passed over
  store::EventNumber from = 0;
  std::uint64_t marked = 0;  // the newest window when it was held: those up to it may hold rows of this resource
  std::uint32_t attempts = 0;
  Refusal refusal;
  core::SystemTime since{};
  core::SteadyTime due{};
  core::SystemTime next_try{};  // the same instant, for people and for the store
};

class HeldResources {
 public:
  static constexpr std::size_t kMaxHeld = 10'000;
  using Map = std::unordered_map<std::string, HeldResource, TextHash, std::equal_to<>>;

  // `ordered`: rows of one resource keep their order; otherwise each row is held by itself.
  explicit HeldResources(bool ordered = true, std::size_t max_held = kMaxHeld)
      : ordered_(ordered), max_held_(max_held) {}

  [[nodiscard]] bool empty() const { return resources_.empty(); }
  [[nodiscard]] std::size_t size() const { return resources_.size(); }
  [[nodiscard]] std::size_t max_held() const { return max_held_; }
  [[nodiscard]] bool ordered() const { return ordered_; }
  [[nodiscard]] const Map& all() const { return resources_; }
  // "Type/id" of a key of all().
  static std::string_view resource_of(std::string_view key) { return key.substr(0, key.find('#')); }

  // Whether this row, met while reading on, has to be passed over.
  [[nodiscard]] bool blocks(std::string_view resource, store::EventNumber number) const;
  // Whether this row, or the resource whose order it keeps, stands here; if not, only the database can tell.
  [[nodiscard]] bool knows(std::string_view resource, store::EventNumber number) const;
  [[nodiscard]] bool has_by_itself(std::string_view resource, store::EventNumber number) const;
  // Whether a row that waits in the database can be held here: nothing is known of its resource, or only that rows
  // behind this one have to be caught up.
  [[nodiscard]] bool may_take(std::string_view resource, store::EventNumber number) const;
  [[nodiscard]] const HeldResource* find(std::string_view resource, store::EventNumber number) const;

  // A row was refused: it waits from now on, as the resource's first or behind an earlier one.
  HeldResource& hold(std::string_view resource, store::EventNumber number, std::uint64_t newest_window);
  // A row that keeps no order waits, though the destination is ordered.
  HeldResource& hold_by_itself(std::string_view resource, store::EventNumber number);
  // A row failed together with its topic or connection.
  void fail(std::string_view resource, store::EventNumber number, std::uint64_t newest_window);
  // A row was delivered. Returns the earlier rows that were overtaken by it.
  std::vector<store::EventNumber> deliver(std::string_view resource, store::EventNumber number);
  // A row is gone without being sent: it overtakes nothing, and what failed before it is still to be sent.
  void remove(std::string_view resource, store::EventNumber number);
  // Rows of this resource that were undecided can be sent or dropped: all that is left of it is gone through, in order.
  void catch_up_all(std::string_view resource, std::uint64_t newest_window);
  // The lowest row that failed and does not wait by itself; 0: none.
  [[nodiscard]] store::EventNumber lowest_failed() const;
  // Everything in flight is settled, and reading starts again after `cursor`: what failed will be met there.
  void rewind(store::EventNumber cursor);
  // Rows whose wait is written down and that have nothing in flight leave for the database: those that are not due, and
  // any while there are more than kMaxHeld. Returns how many.
  std::size_t park(core::SteadyTime now, std::uint64_t settled_through);

  struct Job {
    std::string resource;
    store::EventNumber from = 0;
    bool catch_up = false;  // false: one try of the waiting row
    bool probe = false;     // a try of a record that may be too long for the broker, without company
  };
  // What of a resource may be sent now: rows at or below `cursor`, with nothing in windows newer than
  // `settled_through`.
  struct Moment {
    core::SteadyTime now{};
    store::EventNumber cursor = 0;
    std::uint64_t settled_through = 0;
  };
  // Rows that may be too long, longer than `proven` bytes, are not among them.
  [[nodiscard]] std::vector<Job> ready(const Moment& moment, std::size_t proven, std::size_t limit) const;
  // One due row that may be too long.
  [[nodiscard]] std::optional<Job> probe(const Moment& moment, std::size_t proven, SizeLimit::Choice choice) const;
  // Due rows that are not tried because of their size wait until `due`; at most `limit`. For the store: which.
  std::vector<std::string> defer(const Moment& moment, std::size_t proven, core::SteadyTime due,
                                 core::SystemTime next_try, std::size_t limit);
  // Everything that may be too long is tried now.
  void try_long_ones(core::SteadyTime now);
  // One row is tried now, whatever its pause.
  void try_now(std::string_view resource, store::EventNumber number, core::SteadyTime now);
  // A waiting row was discarded: its try, which deletes it, is now, and no probe, whatever its size.
  void give_up(std::string_view resource, store::EventNumber number, core::SteadyTime now);
  void started(const Job& job);
  // Rows below `from` are on their way in windows up to `newest_window`; `complete`: there was none to be sent.
  void caught_up(std::string_view resource, store::EventNumber from, bool complete, std::uint64_t newest_window);
  // When the next waiting row becomes due after `now`.
  [[nodiscard]] std::optional<core::SteadyTime> next_due(core::SteadyTime now) const;

 private:
  [[nodiscard]] Map::const_iterator locate(std::string_view resource, store::EventNumber number) const;
  [[nodiscard]] Map::iterator locate(std::string_view resource, store::EventNumber number);
  HeldResource& place(std::string_view resource, store::EventNumber number);
  void erase(Map::iterator found);
  void erase_if_free(Map::iterator found);

  bool ordered_;
  std::size_t max_held_;
  Map resources_;
  std::size_t by_themselves_ = 0;
};

}  // namespace embergate::delivery
