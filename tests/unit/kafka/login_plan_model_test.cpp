// SPDX-License-Identifier: Apache-2.0
// Random files, brokers, sessions that end and times against the plan of logins: delivery resumes whenever the brokers
// take the newest or the last accepted login for long enough, refused logins stay within the brake over both, and no
// login comes back that a newer accepted one has replaced. One seed is one world.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <set>

#include "kafka/login_plan.hpp"

namespace embergate::kafka {
namespace {

using namespace std::chrono_literals;
using core::Milliseconds;
using core::SteadyTime;

struct Terms {
  Milliseconds length;
  Milliseconds session;       // brokers ask for a new login this often
  double file_changes;        // a minute
  double broker_changes;      // a minute
  double spurious = 0;        // of all renewals that the broker would take
  Milliseconds resume_bound;  // three turns (one may be put off when the client is given up), and the logins in them
};

// Until the schedule becomes patient, a turn comes every five seconds; later every minute.
constexpr Milliseconds kEagerBound = 3 * 5s + 3 * 300ms + 5s;
constexpr Milliseconds kPatientBound = 3 * 60s + 3 * 300ms + 5s;
constexpr Milliseconds kRefusedLimit{60'000};
constexpr Milliseconds kProbeTimeout{5'000};
constexpr Milliseconds kPoll{1'000};

class World {
 public:
  World(std::uint32_t seed, const Terms& terms)
      : random_(seed), terms_(terms), plan_([this] { return chance_()(random_); }) {
    accepted_ = {0};
  }

  void run() {
    check();
    while (now_ < terms_.length && !::testing::Test::HasFailure()) {
      advance();
      change_something();
      renew_session();
      suspend();
      if (check_at_ && now_ >= *check_at_) check();
      judge();
    }
  }

  [[nodiscard]] Milliseconds longest_stop() const { return longest_stop_; }
  [[nodiscard]] int resumed() const { return resumed_; }

 private:
  struct Client {
    int value = 0;
    bool held = false;
    Milliseconds held_since{0};
    Milliseconds renews_at{0};
  };
  struct Value {
    std::uint64_t generation = 0;
    int value = 0;
  };

  static std::uniform_real_distribution<double>& chance_() {
    thread_local std::uniform_real_distribution<double> chance(0.0, 1.0);
    return chance;
  }
  bool happens(double probability) { return chance_()(random_) < probability; }
  [[nodiscard]] SteadyTime at() const { return SteadyTime(now_ + 1h); }

  void advance() {
    Milliseconds next = now_ + 500ms;
    if (check_at_) next = std::min(next, *check_at_);
    if (client_ && !client_->held) next = std::min(next, client_->renews_at);
    now_ = std::max(next, now_ + 1ms);
  }

  void change_something() {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now_ - changed_at_).count();
    changed_at_ = now_;
    if (happens(terms_.file_changes * minutes)) write_file();
    if (happens(terms_.broker_changes * minutes)) change_broker();
    if (notice_at_ && now_ >= *notice_at_) {
      notice_at_.reset();
      check();
    }
  }

  void write_file() {
    const double kind = chance_()(random_);
    int value = ++last_value_;
    if (kind < 0.3 && !accepted_.empty()) value = *accepted_.begin();
    if (kind > 0.9) value = static_cast<int>(random_() % static_cast<unsigned>(last_value_));
    if (value == file_.value) return;
    file_ = {file_.generation + 1, value};
    changes_.push_back(now_);
    written_at_ = now_;
    notice_at_ = now_ + Milliseconds(random_() % kPoll.count());
  }

  void change_broker() {
    switch (random_() % 6) {
      case 0:
        accepted_ = {file_.value};
        break;
      case 1:
        accepted_ = {proven_.value};
        break;
      case 2:
        accepted_ = {proven_.value, file_.value};
        break;
      case 3:
        accepted_ = {};
        break;
      case 4:
        reachable_ = !reachable_;
        break;
      default:
        reachable_ = true;
    }
  }

  void renew_session() {
    if (!client_ || client_->held || now_ < client_->renews_at) return;
    client_->renews_at = now_ + terms_.session;
    if (!reachable_) return;
    if (accepted_.contains(client_->value) && !happens(terms_.spurious)) return;
    client_->held = true;
    client_->held_since = now_;
    ++client_refusals_;
    EXPECT_LE(client_refusals_, adoptions_) << "a refused client knocks again before a login was accepted";
    disturbed();
    plan_.client_refused(at(), false);
    check();
  }

  void suspend() {
    if (!client_ || !client_->held || now_ - client_->held_since < kRefusedLimit) return;
    client_.reset();
    plan_.client_lost(at());
    check();
  }

  void check() {
    check_at_.reset();
    plan_.found(file_.generation);
    const auto step = plan_.next(at());
    if (step.kind == LoginPlan::Step::Kind::kWait) check_at_ = now_ + step.wait;
    if (step.kind != LoginPlan::Step::Kind::kTry) return;
    const bool known = step.generation == file_.generation || step.generation == proven_.generation;
    ASSERT_TRUE(known) << "generation " << step.generation << " was replaced";
    try_login(step.generation == file_.generation ? file_ : proven_);
  }

  void try_login(Value value) {
    if (!reachable_) {
      now_ += kProbeTimeout;
      plan_.failed(value.generation, at());
      return check();
    }
    now_ += Milliseconds(random_() % 300);
    note_login(value.generation);
    if (!accepted_.contains(value.value)) {
      plan_.refused(value.generation, at(), vault::Refused::kLogin);
      return check();
    }
    ++adoptions_;
    if (proven_.generation != value.generation) disturbed();
    proven_ = value;
    client_ = Client{value.value, false, {}, now_ + terms_.session};
    plan_.adopted(value.generation, at());
    check();
  }

  void disturbed() {
    disturbed_at_ = now_;
    disturbances_.push_back(now_);
  }

  // The brake: 1, 2, 4, 5, 5 ... seconds, begun again by a changed file and by a refusal out of the blue.
  void note_login(std::uint64_t generation) {
    const bool of_accepted = generation == proven_.generation && generation != file_.generation;
    logins_.push_back(now_);
    if (of_accepted) accepted_tries_.push_back(now_);
    forget_old();
    EXPECT_LE(logins_.size(), 16 + 4 * (changes_.size() + disturbances_.size() + 1)) << "in a minute";
    EXPECT_LE(accepted_tries_.size(), 16 + 4 * (disturbances_.size() + 1)) << "in a minute, of the accepted login";
    if (now_ - disturbed_at_ < 15min) return;
    EXPECT_LE(accepted_tries_.size(), 2U) << "a login that has long been refused, in a minute";
    if (now_ - written_at_ < 15min) return;
    EXPECT_LE(logins_.size(), 2U) << "when nothing has happened for long, in a minute";
  }

  void forget_old() {
    const auto forget = [&](std::deque<Milliseconds>& times, Milliseconds age) {
      while (!times.empty() && now_ - times.front() > age) times.pop_front();
    };
    forget(logins_, 53s);  // pauses are shortened by up to a tenth
    forget(accepted_tries_, 53s);
    forget(changes_, 2min);
    forget(disturbances_, 2min);
  }

  void judge() {
    const bool file_taken = reachable_ && !notice_at_ && accepted_.contains(file_.value);
    const bool proven_taken = reachable_ && proven_.generation != 0 && accepted_.contains(proven_.value);
    follow(file_taken, file_.generation, file_good_);
    follow(proven_taken, proven_.generation, proven_good_);
    const bool stopped = !client_ || client_->held;
    if (!stopped) {
      if (stopped_since_) ++resumed_;
      stopped_since_.reset();
      return;
    }
    if (!stopped_since_) stopped_since_ = now_;
    for (const auto& good : {file_good_, proven_good_}) {
      if (!good.since) continue;
      const Milliseconds wait = now_ - std::max(*good.since, *stopped_since_);
      longest_stop_ = std::max(longest_stop_, wait);
      EXPECT_LE(wait.count(), terms_.resume_bound.count())
          << "generation " << good.generation << " would be taken, and nothing is delivered";
    }
  }

  struct Good {
    std::uint64_t generation = 0;
    std::optional<Milliseconds> since;
  };
  void follow(bool taken, std::uint64_t generation, Good& good) const {
    if (!taken) {
      good.since.reset();
    } else if (!good.since || good.generation != generation) {
      good = {generation, now_};
    }
  }

  std::mt19937 random_;
  const Terms terms_;
  LoginPlan plan_;
  Milliseconds now_{0};
  Milliseconds changed_at_{0};
  std::set<int> accepted_;
  bool reachable_ = true;
  int last_value_ = 0;
  Value file_{1, 0};
  Value proven_;
  std::optional<Client> client_;
  std::optional<Milliseconds> check_at_;
  std::optional<Milliseconds> notice_at_;
  std::optional<Milliseconds> stopped_since_;
  Good file_good_;
  Good proven_good_;
  Milliseconds longest_stop_{0};
  Milliseconds disturbed_at_{0};
  Milliseconds written_at_{0};
  int resumed_ = 0;
  int adoptions_ = 0;
  int client_refusals_ = 0;
  std::deque<Milliseconds> logins_;
  std::deque<Milliseconds> accepted_tries_;
  std::deque<Milliseconds> changes_;
  std::deque<Milliseconds> disturbances_;
};

void run_worlds(const Terms& terms, std::uint32_t worlds) {
  Milliseconds longest{0};
  int resumed = 0;
  for (std::uint32_t seed = 1; seed <= worlds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, terms);
    world.run();
    longest = std::max(longest, world.longest_stop());
    resumed += world.resumed();
    if (::testing::Test::HasFailure()) return;
  }
  ::testing::Test::RecordProperty("longest_stop_ms", std::to_string(longest.count()));
  EXPECT_GT(resumed, static_cast<int>(worlds)) << "worlds in which too little happens";
}

TEST(LoginPlanModel, ResumesWithinThreeTurnsWhileBrokersAndFilesChange) {
  run_worlds({8min, 2s, 2.0, 2.0, 0, kEagerBound}, 1'500);
}

TEST(LoginPlanModel, OutlivesRefusalsOutOfTheBlueBesideAWrongNewerFile) {
  run_worlds({8min, 2s, 0.5, 0.2, 0.01, kEagerBound}, 1'500);
}

TEST(LoginPlanModel, KeepsToTheBrakeForHoursAndResumesAllTheSame) {
  run_worlds({4h, 10s, 0.03, 0.06, 0, kPatientBound}, 400);
}

TEST(LoginPlanModel, KeepsToTheBrakeBesideAFileThatChangesAllTheTime) {
  run_worlds({90min, 10s, 6.0, 0.2, 0, kPatientBound}, 400);
}

}  // namespace
}  // namespace embergate::kafka
