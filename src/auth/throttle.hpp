// SPDX-License-Identifier: Apache-2.0
// How many guesses a caller has (S-40). Failures are counted for each client at each address, for each address, for
// each client over all addresses, and for each secret that several clients share: each count drains by its limit a
// minute. An attempt is counted before it is checked, and given back when it was right, so that a burst has no more
// guesses than a queue of them.
//
// Failures of an address are remembered for an hour, and slow down how its counts drain: 1 + failures / limit times as
// slow, ten times at most. The /48 of an IPv6 address is counted as one address with four times the limits.
//
// A client that is guessed at from many addresses is not locked out: a fresh address, one without failures at this
// client within the hour, has one attempt, up to ten times the client's limit. An address is not fresh when its /48 has
// as many failures at the client as one address may have in a minute. A caller that was let in lately is not counted
// at all: see Proven.
//
// Thread: any. Ownership: bounded maps, the entries that were touched longest ago go first; the clock outlives it.
// Failure: none.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "auth/constant_time.hpp"
#include "embergate/core/clock.hpp"

namespace embergate::auth {

// Failures of the last hour, and of up to ten minutes before it.
class Remembered {
 public:
  void add(core::SteadyTime now);
  [[nodiscard]] std::size_t count(core::SteadyTime now) const;

 private:
  static constexpr std::int64_t kSpans = 7;  // of ten minutes: the one that runs, and an hour before it
  static std::int64_t span_at(core::SteadyTime now);

  std::array<std::uint32_t, kSpans> failures_{};
  std::int64_t newest_ = 0;
};

// Counts that drain, one for each key.
class Levels {
 public:
  Levels(double drained_per_minute, double most, std::size_t max_tracked)
      : drained_per_minute_(drained_per_minute), most_(most), max_tracked_(max_tracked) {}
  [[nodiscard]] double level(const Mac& key, core::SteadyTime now) const;
  [[nodiscard]] std::size_t remembered(const Mac& key, core::SteadyTime now) const;
  void add(const Mac& key, double amount, core::SteadyTime now);  // an amount below zero gives back
  // Until there is a place below the limit, if nothing is added meanwhile; zero: there is one. At most: failures that
  // are forgotten meanwhile let the count drain faster.
  [[nodiscard]] std::chrono::seconds wait(const Mac& key, double limit, core::SteadyTime now) const;
  // What was added was a failure. A key that went for want of a place is not remembered.
  void remember(const Mac& key, core::SteadyTime now);

 private:
  struct Entry {
    Mac key;
    double level = 0;
    core::SteadyTime at{};
    Remembered failures{};
  };
  [[nodiscard]] double pace(const Entry& entry, core::SteadyTime now) const;  // a minute
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
    std::size_t at_address = 10;  // of one client at one address; four times that at one /48
    std::size_t of_address = 100;
    std::size_t of_client = 20;  // over all addresses, and of a secret over all clients
    std::size_t max_tracked = 10'000;
  };
  // Keyed marks of what is counted. Site: the /48 of an IPv6 address.
  struct Site {
    Mac client_at_site;
    Mac site;
  };
  struct Attempt {
    Mac client_at_address;
    Mac address;
    Mac client;
    std::optional<Site> site{};
  };

  Throttle(Limits limits, const core::Clock& clock);
  // By what is counted at the address alone: for one who waits for a check that another has reserved for.
  [[nodiscard]] bool blocked_here(const Attempt& attempt);
  // False: too many failures; nothing is counted.
  [[nodiscard]] bool reserve(const Attempt& attempt);
  // The secret behind the client, on top of reserve().
  [[nodiscard]] bool reserve_secret(const Mac& secret, const Attempt& attempt);
  // What becomes of an attempt that was reserved: it was right or could not be judged, or it was wrong.
  void give_back(const Attempt& attempt);
  void failed(const Attempt& attempt);
  void give_back_secret(const Mac& secret);
  // Failures that nothing was reserved for. The first: the same guess was under way already. The second: no guess,
  // since it was right once.
  void count_at_address(const Attempt& attempt);
  void count_address(const Mac& address);
  [[nodiscard]] bool address_blocked(const Mac& address);
  // How long an attempt is refused for, at least a second; by the address alone.
  [[nodiscard]] std::chrono::seconds wait_of(const Attempt& attempt);
  [[nodiscard]] std::chrono::seconds wait_of_address(const Mac& address);
  // Whether to report that this one is refused: once a minute.
  [[nodiscard]] bool is_news(const Mac& refused);
  // Whether wrong guesses came from there within the hour, whatever client they were at; from a site: as many as one
  // address may have at one client in a minute.
  [[nodiscard]] bool is_suspect(const Attempt& attempt);

 private:
  void count_here(const Attempt& attempt, double amount, core::SteadyTime now);
  void remember_here(const Attempt& attempt, core::SteadyTime now);
  [[nodiscard]] bool is_over_here(const Attempt& attempt, core::SteadyTime now) const;
  [[nodiscard]] bool is_over(const Attempt& attempt, core::SteadyTime now) const;
  [[nodiscard]] bool is_fresh(const Attempt& attempt, double own, core::SteadyTime now) const;
  [[nodiscard]] bool has_room(const Levels& levels, const Mac& key, bool fresh, core::SteadyTime now) const;

  Limits limits_;
  const core::Clock& clock_;
  std::mutex mutex_;
  Levels at_address_;
  Levels of_address_;
  Levels at_site_;
  Levels of_site_;
  Levels of_client_;
  Levels of_secret_;
  Levels reported_;
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
