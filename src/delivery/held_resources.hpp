// SPDX-License-Identifier: Apache-2.0
// The resources of one destination whose next row cannot simply be sent: a row of theirs waits for another try, or rows
// that were passed over have to be caught up (decision 19). Decides what may be sent now so that a version never
// overtakes an older one of the same resource. Thread: const functions from the building thread while nobody changes
// it, all others on the relay's strand. Ownership: plain values. Bound: kMaxHeld resources and what the windows in
// flight can add; past that reading stops until some are delivered (crowded()).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/store/outbox.hpp"

namespace embergate::delivery {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct HeldResource {
  store::EventNumber waiting = 0;          // the lowest row that was refused and waits; 0: none
  std::vector<store::EventNumber> failed;  // other rows that failed in the windows of now, ascending
  bool trying = false;                     // the waiting row is on its way
  bool catching_up = false;                // nothing waits any more, but rows from `from` on were passed over
  store::EventNumber from = 0;
  std::uint64_t marked = 0;  // the newest window when it was held: those up to it may hold rows of this resource
  std::uint32_t attempts = 0;
  std::string reason;
  core::SteadyTime due{};
  core::SystemTime next_try{};  // the same instant, for people and for the store
};

class HeldResources {
 public:
  static constexpr std::size_t kMaxHeld = 10'000;
  using Map = std::unordered_map<std::string, HeldResource, TextHash, std::equal_to<>>;

  [[nodiscard]] bool empty() const { return resources_.empty(); }
  [[nodiscard]] const Map& all() const { return resources_; }
  // Whether this row, met while reading on, has to be passed over.
  [[nodiscard]] bool blocks(std::string_view resource, store::EventNumber number) const;
  // No further resource may be held: reading on past `cursor` has to wait.
  [[nodiscard]] bool crowded(store::EventNumber cursor) const;

  // A row was refused: it waits from now on, as the resource's first or behind an earlier one.
  HeldResource& hold(std::string_view resource, store::EventNumber number, std::uint64_t newest_window);
  // A row failed together with its topic or connection.
  void fail(std::string_view resource, store::EventNumber number, std::uint64_t newest_window);
  // A row was delivered, or is gone. Returns the earlier rows that must now never be sent.
  std::vector<store::EventNumber> deliver(std::string_view resource, store::EventNumber number);
  // The lowest row that failed and does not wait by itself; 0: none.
  [[nodiscard]] store::EventNumber lowest_failed() const;
  // Everything in flight is settled, and reading starts again after `cursor`: what failed will be met there.
  void rewind(store::EventNumber cursor);

  struct Job {
    std::string resource;
    store::EventNumber from = 0;
    bool catch_up = false;  // false: one try of the waiting row
  };
  // What may be sent now: rows at or below `cursor`, of resources that have nothing in windows newer than
  // `settled_through`.
  [[nodiscard]] std::vector<Job> ready(core::SteadyTime now, store::EventNumber cursor, std::uint64_t settled_through,
                                       std::size_t limit) const;
  void started(const Job& job);
  // Rows below `from` are on their way; `complete`: there was none at or behind it.
  void caught_up(std::string_view resource, store::EventNumber from, bool complete);
  // When the next waiting row becomes due after `now`.
  [[nodiscard]] std::optional<core::SteadyTime> next_due(core::SteadyTime now) const;

 private:
  void erase_if_free(Map::iterator found);
  Map resources_;
  store::EventNumber highest_waiting_ = 0;
};

}  // namespace embergate::delivery
