// SPDX-License-Identifier: Apache-2.0
#include "vault/tracked_bundle.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "embergate/vault/explanations.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

constexpr int kPasses = 3;

bool is_older(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] < b[i]) return true;
  }
  return false;
}

}  // namespace

TrackedBundle::TrackedBundle(std::vector<BundleMember> members, std::vector<std::shared_ptr<TrackedFile>> files,
                             Rules rules, Host host, const core::Clock& clock, std::shared_ptr<Notices> notices)
    : members_(std::move(members)),
      files_(std::move(files)),
      rules_(rules),
      host_(std::move(host)),
      clock_(clock),
      notices_(std::move(notices)) {
  for (const auto& member : members_)
    literals_.push_back(member.name ? nullptr : make_value(Secret(std::string(member.literal)), member.kind));
}

core::Result<void> TrackedBundle::grant_all(const Requester& requester) {
  if (members_.empty() || members_.size() > kMaxBundleMembers)
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("secrets used as one must be 1 to {}", kMaxBundleMembers));
  for (const auto& member : members_) {
    if (!member.name) continue;
    if (auto granted = host_.grant(member, requester); !granted) return std::move(granted).error();
  }
  return {};
}

void TrackedBundle::look_at_all(bool forced) {
  for (const auto& file : files_) {
    // A file system that hangs is waited for once, not once per member.
    if (file && !file->look(forced)) return;
  }
}

bool TrackedBundle::look_at_all_at_once() {
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) { return !file || file->check_at_once(); });
}

std::string TrackedBundle::lane() {
  std::string all;
  for (const auto& file : files_) {
    if (file) all.append(file->lane()).append("|");
  }
  return all;
}

TrackedBundle::Sight TrackedBundle::sight() {
  Sight seen;
  seen.good_at = clock_.steady_now();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto& file = files_[i];
    if (!file) {
      seen.values.push_back(literals_[i]);
      seen.generations.push_back(0);
      seen.fingerprints.emplace_back();
      seen.identities.emplace_back();
      continue;
    }
    file->with_state([&](const FileState& state) {
      seen.values.push_back(state.current());
      seen.generations.push_back(state.generation());
      seen.fingerprints.push_back(state.fingerprint());
      seen.identities.push_back(state.identity());
      seen.settling |= state.settling();
      seen.good_at = std::min(seen.good_at, state.good_at());
      if (!state.problem().empty() && seen.problem.empty()) {
        seen.problem = state.problem();
        seen.detail = state.detail();
        seen.culprit = members_[i].name;
      }
    });
  }
  return seen;
}

// Whether no second look at the files is needed: nothing has moved, or nothing can be taken over yet.
bool TrackedBundle::is_settled_by(const Sight& sight) {
  if (sight.settling || !sight.problem.empty()) return true;
  std::lock_guard lock(mutex_);
  return current_ && sight.generations == accepted_;
}

bool TrackedBundle::check_at_once() {
  if (!look_at_all_at_once()) return false;
  const auto first = sight();
  if (!is_settled_by(first)) return false;
  consider(first);
  return true;
}

void TrackedBundle::check() {
  look_at_all(false);
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto first = sight();
    if (is_settled_by(first)) return consider(first);
    // What was read at different moments counts only if nothing has moved in between.
    look_at_all(false);
    if (sight().same_files(first)) return consider(first);
  }
}

bool TrackedBundle::needs_proof_locked(const Sight& sight) const {
  const bool complete = std::all_of(sight.values.begin(), sight.values.end(), [](const auto& value) { return value; });
  return complete && sight.problem.empty() && !sight.settling && sight.generations != accepted_ &&
         (accepted_.empty() || !is_older(sight.generations, accepted_)) &&
         (refused_ != sight.generations || problem_ == reason::kExpired);
}

Inspection TrackedBundle::proof_of(const Sight& sight) const {
  std::vector<ProofPart> parts;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto& password = members_[i].password;
    const bool has_password = password && *password < members_.size();
    parts.push_back(
        {members_[i].kind, &sight.values[i]->secret, has_password ? &sight.values[*password]->secret : nullptr});
  }
  auto inspection = prove(parts);
  if (inspection.reason.empty()) inspection.reason = refusal_of(inspection.validity, clock_.system_now());
  return inspection;
}

void TrackedBundle::consider(const Sight& sight) {
  bool to_prove = false;
  {
    std::lock_guard lock(mutex_);
    to_prove = needs_proof_locked(sight);
  }
  const auto inspection = to_prove ? proof_of(sight) : Inspection{};
  std::optional<BundleReport> told;
  {
    std::lock_guard lock(mutex_);
    transition_ = false;
    if (!sight.problem.empty()) {
      if (sight.problem == reason::kUnknownName) forget_locked();
      set_problem_locked(sight.problem, sight.culprit, sight.detail);
    } else if (to_prove && inspection.reason.empty()) {
      if (needs_proof_locked(sight)) accept_locked(sight, inspection);
    } else if (to_prove || (!refused_.empty() && sight.generations == refused_)) {
      note_refusal_locked(sight, to_prove ? inspection.reason : std::string_view{});
    } else if (current_ && sight.generations == accepted_) {
      mismatch_since_.reset();
      refused_.clear();
      const auto refusal = refusal_of(validity_, clock_.system_now());
      if (refusal.empty()) good_at_ = std::max(good_at_, sight.good_at);
      set_problem_locked(refusal);
    }
    if (transition_) told = report_locked();
  }
  if (told) host_.changed(*this, *told);
}

void TrackedBundle::accept_locked(const Sight& sight, const Inspection& proof) {
  auto value = std::make_shared<BundleValue>();
  for (const auto& member : sight.values)
    value->members.push_back(std::shared_ptr<const Secret>(member, &member->secret));
  value->file_generations = sight.generations;
  // There and back again is no rotation.
  const bool same = current_ && sight.fingerprints == accepted_fingerprints_;
  value->generation = same ? generation_ : ++generation_;
  value->not_after = proof.validity.not_after;
  const bool first = !current_;
  current_ = std::move(value);
  accepted_ = sight.generations;
  accepted_fingerprints_ = sight.fingerprints;
  validity_ = proof.validity;
  old_cipher_ = proof.old_cipher;
  good_at_ = sight.good_at;
  refused_.clear();
  mismatch_since_.reset();
  if (first) since_ = clock_.system_now();
  set_problem_locked({});
  transition_ |= !same;
}

// A name that the config has no more takes its value along.
void TrackedBundle::forget_locked() {
  current_.reset();
  accepted_fingerprints_.clear();
  validity_ = {};
  refused_.clear();
  mismatch_since_.reset();
}

// A pair that does not fit is what every rotation in two steps looks like for a moment: it becomes a fault when it
// lasts, or when there is nothing else to use.
void TrackedBundle::note_refusal_locked(const Sight& sight, std::string_view why) {
  const auto now = clock_.steady_now();
  if (refused_ != sight.generations) {
    if (!mismatch_since_) mismatch_since_ = now;
    refused_ = sight.generations;
  }
  // No other half of a rotation will mend these.
  if (why == reason::kExpired || why == reason::kOldCipher) {
    set_problem_locked(why);
    return;
  }
  const bool lasts = mismatch_since_ && now - *mismatch_since_ >= rules_.pair_mismatch;
  const bool still_old_cipher = why.empty() && problem_ == reason::kOldCipher;
  if (!current_ || lasts || still_old_cipher) {
    set_problem_locked(why.empty() && !problem_.empty() ? problem_ : reason::kPairMismatch);
  } else {
    set_problem_locked({});
  }
}

void TrackedBundle::set_problem_locked(std::string_view why, const std::optional<SecretName>& culprit,
                                       std::string detail) {
  if (problem_ == why) return;
  problem_ = why;
  detail_ = std::move(detail);
  culprit_ = culprit;
  since_ = clock_.system_now();
  transition_ = true;
}

void TrackedBundle::settle() {
  for (const auto& file : files_) {
    if (file) file->settle();
  }
  check();
}

core::Result<std::shared_ptr<const BundleValue>> TrackedBundle::resolve(const Requester& requester, Use use) {
  EG_CHECK(grant_all(requester));
  check();
  return granted_answer(requester, use);
}

core::Result<std::shared_ptr<const BundleValue>> TrackedBundle::refresh(const Requester& requester, Use use,
                                                                        std::uint64_t used_generation) {
  EG_CHECK(grant_all(requester));
  bool forced = false;
  {
    std::lock_guard lock(mutex_);
    const auto now = clock_.steady_now();
    const bool allowed = !refreshed_at_ || now - *refreshed_at_ >= rules_.forced_refresh;
    forced = allowed && (!current_ || current_->generation <= used_generation);
    if (forced) refreshed_at_ = now;
  }
  if (forced) {
    look_at_all(true);
    settle();
  } else {
    check();
  }
  return granted_answer(requester, use);
}

// The config may have changed while the files were looked at.
core::Result<std::shared_ptr<const BundleValue>> TrackedBundle::granted_answer(const Requester& requester, Use use) {
  auto found = answer(use);
  if (found) EG_CHECK(grant_all(requester));
  return found;
}

core::Result<std::shared_ptr<const BundleValue>> TrackedBundle::answer(Use use) {
  bool waits = false;
  {
    std::lock_guard lock(mutex_);
    has_running_use_ |= use == Use::kOutboundRunning;
    waits = !current_ || use == Use::kInbound;
  }
  for (const auto& file : files_) {
    if (file && use == Use::kOutboundRunning) file->with_state([](FileState& state) { state.note_running_use(); });
  }
  if (waits && sight().settling) settle();
  std::lock_guard lock(mutex_);
  const bool usable = current_ && (use == Use::kOutboundRunning || !grace_is_over_locked());
  if (usable) return current_;
  const auto why = problem_.empty() ? reason::kChanging : problem_;
  auto error = core::make_retriable(
      core::ErrorCode::kUnavailable,
      fmt::format("secret {} cannot be used ({}): {}", culprit_ ? fmt::format("\"{}\"", culprit_->value()) : names(),
                  why, explanation_of(why)));
  error.fault = fault_of(why);
  return error;
}

// The grace time runs from when the set was last seen whole, as that of a file does.
bool TrackedBundle::grace_is_over_locked() const {
  const bool unconfirmed = !problem_.empty() || mismatch_since_;
  return unconfirmed && clock_.steady_now() - good_at_ > rules_.grace;
}

std::unique_ptr<Watch> TrackedBundle::watch(std::function<void(std::uint64_t generation)> changed) {
  return notices_->add(shared_from_this(), std::move(changed));
}

BundleReport TrackedBundle::report() const {
  std::lock_guard lock(mutex_);
  return report_locked();
}

BundleReport TrackedBundle::report_locked() const {
  BundleReport report;
  report.reason = problem_;
  report.culprit = culprit_;
  report.generation = current_ ? current_->generation : 0;
  report.since = since_;
  report.not_after = validity_.not_after;
  report.not_before = validity_.not_before;
  report.old_cipher = old_cipher_;
  if (problem_.empty()) {
    report.state = current_ ? State::kOk : State::kMissing;
  } else if (current_ && (has_running_use_ || !grace_is_over_locked())) {
    report.state = State::kStale;
  } else {
    const bool is_missing = problem_ == reason::kMissing || problem_ == reason::kUnknownName;
    report.state = is_missing ? State::kMissing : State::kInvalid;
  }
  return report;
}

std::uint64_t TrackedBundle::generation() {
  std::lock_guard lock(mutex_);
  return current_ ? current_->generation : 0;
}

std::optional<core::SteadyTime> TrackedBundle::due() {
  std::optional<core::SteadyTime> soonest;
  auto quiet = core::Milliseconds::zero();
  for (const auto& file : files_) {
    if (!file) continue;
    if (const auto due = file->due(); due && (!soonest || *due < *soonest)) soonest = due;
    quiet = std::max(quiet, file->with_state([](const FileState& state) { return state.quiet(); }));
  }
  std::lock_guard lock(mutex_);
  // The other half of a pair is looked for every quiet, until its absence has been reported.
  if (mismatch_since_ && clock_.steady_now() - *mismatch_since_ < rules_.pair_mismatch) {
    const auto again = clock_.steady_now() + quiet;
    if (!soonest || again < *soonest) soonest = again;
  }
  return soonest;
}

bool TrackedBundle::has(const SecretName& name) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) { return member.name == name; });
}

bool TrackedBundle::holds_store(const SecretName& name) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const auto& member) { return member.name == name && member.kind == ContentKind::kPkcs12; });
}

std::string TrackedBundle::names() const {
  std::string all;
  for (const auto& member : members_) {
    if (!member.name) continue;
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", member.name->value());
  }
  return all;
}

}  // namespace embergate::vault
