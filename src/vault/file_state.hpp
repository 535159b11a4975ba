// SPDX-License-Identifier: Apache-2.0
// What is known of one secret file: the accepted value, the candidate that waits for its quiet time, what is wrong and
// since when (R-07..R-13, R-18, R-30..R-33). A pure state machine: time and observations come in, nothing is read or
// awaited here. Thread: none of its own; SecretCache guards each with a lock. Ownership: shares values with the one who
// uses them. Failure: none.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "embergate/vault/cache.hpp"
#include "vault/file_reader.hpp"
#include "vault/fingerprint.hpp"
#include "vault/json_string.hpp"
#include "vault/redactor.hpp"

namespace embergate::vault {

struct Timing {
  core::Milliseconds ttl;
  core::Milliseconds quiet;
  core::Milliseconds grace;
  core::Milliseconds previous_grace;
  core::Milliseconds racy_age;
};

// What one observation brought about.
struct Effect {
  bool generation = false;          // a new value was accepted
  bool state = false;               // ok, or not ok, or not ok for another reason than before
  bool pinned_deleted = false;      // seen for the first time
  bool readable_by_others = false;  // seen for the first time
  std::string_view failed;          // this look found the file wanting, for this reason
  bool short_key = false;           // the new value is a key that is shorter than its hash

  void add(const Effect& later) {
    generation |= later.generation;
    state |= later.state;
    pinned_deleted |= later.pinned_deleted;
    readable_by_others |= later.readable_by_others;
    short_key |= later.short_key;
    if (!later.failed.empty()) failed = later.failed;
  }
};

class FileState {
 public:
  // Whether content of this kind is what it should be, beyond what this module can tell (JAAS).
  using Check = std::function<core::Result<void>(const Secret&)>;
  FileState(ContentKind kind, bool raw, Timing timing, Check check = {}, std::optional<PointerTokens> pointer = {})
      : kind_(kind), raw_(raw), timing_(timing), check_(std::move(check)), pointer_(std::move(pointer)) {}

  // Whether its file system answers soon, so that a look may be had on a caller's own thread.
  [[nodiscard]] bool is_local() const { return local_; }
  // The identity at which the next look need not read the content; none: it must.
  [[nodiscard]] std::optional<Identity> known_identity(core::SteadyTime now) const;

  Effect apply(Observation seen, core::SteadyTime now, core::SystemTime wall);
  // A look that does not come back.
  Effect timed_out(core::SystemTime wall);

  // Another file is looked at from now on, or another part of it: its value is a rotation of this one.
  void move_on(bool raw, std::optional<PointerTokens> pointer);
  // The config has the name no more: the values go, the count of generations stays.
  void lose(core::SystemTime wall);

  // A value was seen that is not accepted yet; look again at settles_at().
  [[nodiscard]] bool settling() const { return candidate_.has_value(); }
  [[nodiscard]] core::SteadyTime settles_at() const {
    return candidate_ ? candidate_->since + quiet() : core::SteadyTime{};
  }
  [[nodiscard]] core::Milliseconds quiet() const;

  // The value for this use at this time, or nothing: then `reason()` says why.
  [[nodiscard]] std::shared_ptr<const Value> value_for(Use use, core::SteadyTime now) const;
  [[nodiscard]] std::shared_ptr<const Value> current() const { return current_; }
  [[nodiscard]] const Fingerprint& fingerprint() const { return current_fingerprint_; }  // of current()
  [[nodiscard]] std::shared_ptr<const Value> previous(core::SteadyTime now) const;
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  [[nodiscard]] State state(core::SteadyTime now) const;
  [[nodiscard]] std::string_view reason() const;
  [[nodiscard]] const std::string& detail() const { return detail_; }  // more about the reason; may be empty
  [[nodiscard]] core::SystemTime since() const { return since_; }
  [[nodiscard]] core::SystemTime last_read() const { return last_read_; }
  [[nodiscard]] core::SystemTime changed() const { return changed_; }
  [[nodiscard]] const std::optional<Identity>& identity() const { return identity_; }
  // When the file was last seen to hold the current value, within its time. The grace time runs from here: the one who
  // removes a file must not have to wait until someone asks for it.
  [[nodiscard]] core::SteadyTime good_at() const { return good_at_; }
  // What is wrong with the file itself; empty: nothing that keeps its value from being used.
  [[nodiscard]] std::string_view problem() const { return problem_; }
  [[nodiscard]] std::uint64_t reads() const { return reads_; }  // looks that were more than a comparison of identities
  void note_running_use() { has_running_use_ = true; }

 private:
  struct Candidate {
    Secret value;
    Fingerprint fingerprint;
    Identity identity;
    core::SteadyTime since;
    Validity validity;
  };
  struct Previous {
    std::shared_ptr<const Value> value;
    core::SteadyTime replaced_at;
  };

  void on_content(Observation& seen, core::SteadyTime now, core::SystemTime wall, Effect& effect);
  void on_value(Secret value, const Observation& seen, core::SteadyTime now, core::SystemTime wall, Effect& effect);
  void accept(Candidate accepted, core::SteadyTime now, core::SystemTime wall, Effect& effect);
  struct Refusal {
    std::string_view reason;
    std::string detail;
  };
  [[nodiscard]] Refusal judge(const Secret& value, core::SystemTime wall, Validity& validity) const;
  void commit(const Observation& seen, core::SteadyTime now, core::SystemTime wall, Effect& effect);
  void confirm(core::SteadyTime seen_at, core::SystemTime wall, Effect& effect);
  void fail(std::string_view why, core::SystemTime wall, Effect& effect, std::string detail = {});
  void note_facts(const Observation& seen, Effect& effect);
  [[nodiscard]] bool is_unconfirmed(core::SteadyTime now) const;
  [[nodiscard]] bool grace_is_over(core::SteadyTime now) const;

  ContentKind kind_;
  bool raw_;
  Timing timing_;
  Check check_;
  std::optional<PointerTokens> pointer_;

  std::shared_ptr<const Value> current_;
  Fingerprint current_fingerprint_;
  std::uint64_t generation_ = 0;
  std::optional<Previous> previous_;
  std::optional<Candidate> candidate_;
  core::SteadyTime differs_since_{};  // first sight of content other than the current, while a candidate waits

  std::optional<Identity> identity_;  // of the file that gave the current value
  bool racy_ = false;
  core::SteadyTime read_at_{};
  bool remote_ = false;
  bool local_ = false;

  std::string_view problem_;  // empty: none
  std::string detail_;
  core::SteadyTime good_at_{};
  core::SystemTime since_{};
  core::SystemTime last_read_{};
  core::SystemTime changed_{};
  std::uint64_t reads_ = 0;
  bool has_running_use_ = false;
  bool pinned_deleted_ = false;
  bool was_pinned_deleted_ = false;
  bool was_readable_by_others_ = false;
};

}  // namespace embergate::vault
