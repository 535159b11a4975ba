// SPDX-License-Identifier: Apache-2.0
// How many guesses a caller has (S-40). Failures are counted for each client at each address, for each address, for
// each client over all addresses, and for each secret that several clients share: each count drains by its limit a
// minute. An attempt is counted before it is checked, and given back when it was right, so that a burst has no more
// guesses than a queue of them.
//
// A client that is guessed at from many addresses is not locked out: an address without failures of its own has one
// attempt, up to ten times the client's limit. Who was let in lately is not counted at all: see Proven.
//
// Thread: any. Ownership: bounded maps, the entries that were touched longest ago go first; the clock outlives it.
// Failure: none.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>

#include "auth/constant_time.hpp"
#include "embergate/core/clock.hpp"

namespace embergate::auth {

// Counts that drain, one for each key.
class Levels {
 public:
  Levels(double drained_per_minute, double most, std::size_t max_tracked)
      : drained_per_minute_(drained_per_minute), most_(most), max_tracked_(max_tracked) {}
  [[nodiscard]] double level(const Mac& key, core::SteadyTime now) const;
  void add(const Mac& key, double amount, core::SteadyTime now);  // an amount below zero gives back

 private:
  struct Entry {
    Mac key;
    double level = 0;
    core::SteadyTime at{};
  };
  [[nodiscard]] double drained(const Entry& entry, core::SteadyTime now) const;

  double drained_per_minute_;
  double most_;
  std::size_t max_tracked_;
  std::list<Entry> entries_;  // touched last in front
  std::map<Mac, std::list<Entry>::iterator> index_;
};

class Throttle {
 public:
  struct Limits {                 // failures within a minute
    std::size_t at_address = 10;  // of one client at one address
    std::size_t of_address = 100;
    std::size_t of_client = 20;  // over all addresses, and of a secret over all clients
    std::size_t max_tracked = 10'000;
  };
  // Keyed marks of what is counted.
  struct Attempt {
    Mac client_at_address;
    Mac address;
    Mac client;
  };

  Throttle(Limits limits, const core::Clock& clock);
  // By what is counted at the address alone: for one who waits for a check that another has reserved for.
  [[nodiscard]] bool blocked_here(const Attempt& attempt);
  // False: too many failures; nothing is counted.
  [[nodiscard]] bool reserve(const Attempt& attempt);
  // The secret behind the client, on top of reserve().
  [[nodiscard]] bool reserve_secret(const Mac& secret, const Attempt& attempt);
  void give_back(const Attempt& attempt);
  void give_back_secret(const Mac& secret);
  // Failures that nothing was reserved for. The first: the same guess was under way already. The second: no guess,
  // since it was right once.
  void count_at_address(const Attempt& attempt);
  void count_address(const Mac& address);
  [[nodiscard]] bool address_blocked(const Mac& address);

 private:
  [[nodiscard]] bool is_over_here(const Attempt& attempt, core::SteadyTime now) const;
  [[nodiscard]] bool is_over(const Attempt& attempt, core::SteadyTime now) const;
  [[nodiscard]] bool is_fresh(const Attempt& attempt, double own, core::SteadyTime now) const;
  [[nodiscard]] bool has_room(const Levels& levels, const Mac& key, bool fresh, core::SteadyTime now) const;

  Limits limits_;
  const core::Clock& clock_;
  std::mutex mutex_;
  Levels at_address_;
  Levels of_address_;
  Levels of_client_;
  Levels of_secret_;
};

// Who was let in lately, with which credential, from where: a right password at an address that others guess from, and
// the old one that some of its users still send after a rotation.
// Thread: any. Ownership: bounded; the oldest go first. Failure: none.
class Proven {
 public:
  Proven(std::size_t limit, core::Milliseconds lately, const core::Clock& clock)
      : limit_(limit), lately_(lately), clock_(clock) {}
  enum class State { kUnknown, kProven, kRefusedSince };
  State state_of(const Mac& caller);
  void granted(const Mac& caller);
  void refused(const Mac& caller);  // callers that are not known stay unknown

 private:
  struct Entry {
    Mac caller;
    core::SteadyTime at{};
    bool refused = false;
  };
  void erase_entry(std::list<Entry>::iterator entry);

  std::size_t limit_;
  core::Milliseconds lately_;
  const core::Clock& clock_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // newest in front
  std::map<Mac, std::list<Entry>::iterator> index_;
};

}  // namespace embergate::auth
