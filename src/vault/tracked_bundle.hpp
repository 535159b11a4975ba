// SPDX-License-Identifier: Apache-2.0
// A bundle in use: one snapshot of its members' accepted values, taken between two equal sights of all of them and
// proven (R-20..R-22). Each member settles by itself; the bundle moves when all have, so a rotation of all is one step.
// Thread: any; no lock is held while a file is looked at or a proof runs. Ownership: shared by its users and watches;
// keeps the files of its members. Failure: resolve() says which member, or that they do not fit.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "embergate/vault/bundle.hpp"
#include "vault/notices.hpp"
#include "vault/subject.hpp"
#include "vault/tracked_file.hpp"

namespace embergate::vault {

class TrackedBundle final : public Bundle, public Subject, public std::enable_shared_from_this<TrackedBundle> {
 public:
  struct Rules {
    core::Milliseconds grace;
    core::Milliseconds pair_mismatch;
    core::Milliseconds forced_refresh;
  };
  struct Host {  // what the cache does for it; all called without a lock of the bundle
    std::function<core::Result<void>(const BundleMember&, const Requester&)> grant;
    std::function<void(const TrackedBundle&, const BundleReport&)> changed;  // a generation, or a state
  };
  // `files`: one per member; null for a literal.
  TrackedBundle(std::vector<BundleMember> members, std::vector<std::shared_ptr<TrackedFile>> files, Rules rules,
                Host host, const core::Clock& clock, std::shared_ptr<Notices> notices);

  [[nodiscard]] const std::vector<BundleMember>& members() const override { return members_; }
  core::Result<std::shared_ptr<const BundleValue>> resolve(const Requester& requester, Use use) override;
  core::Result<std::shared_ptr<const BundleValue>> refresh(const Requester& requester, Use use,
                                                           std::uint64_t used_generation) override;
  std::unique_ptr<Watch> watch(std::function<void(std::uint64_t generation)> changed) override;
  [[nodiscard]] BundleReport report() const override;

  void check() override;
  bool check_at_once() override;
  std::string lane() override;
  std::uint64_t generation() override;
  std::optional<core::SteadyTime> due() override;

  [[nodiscard]] bool has(const SecretName& name) const;
  // A member whose times only the whole can tell.
  [[nodiscard]] bool holds_store(const SecretName& name) const;
  [[nodiscard]] std::string names() const;  // for texts: "a", "b"

 private:
  using Generations = std::vector<std::uint64_t>;
  struct Sight {  // what one pass over the members found
    std::vector<std::shared_ptr<const Value>> values;
    Generations generations;
    std::vector<Fingerprint> fingerprints;
    std::vector<std::optional<Identity>> identities;
    core::SteadyTime good_at{};  // the earliest of all members
    std::string_view problem;
    std::string detail;
    std::optional<SecretName> culprit;
    bool settling = false;
    [[nodiscard]] bool same_files(const Sight& other) const {
      return generations == other.generations && identities == other.identities;
    }
  };

  [[nodiscard]] core::Result<void> grant_all(const Requester& requester);
  void look_at_all(bool forced);
  [[nodiscard]] bool look_at_all_at_once();
  [[nodiscard]] bool is_settled_by(const Sight& sight);
  [[nodiscard]] Sight sight();
  void consider(const Sight& sight);
  [[nodiscard]] bool needs_proof_locked(const Sight& sight) const;
  [[nodiscard]] Inspection proof_of(const Sight& sight) const;
  void accept_locked(const Sight& sight, const Inspection& proof);
  void set_problem_locked(std::string_view why, const std::optional<SecretName>& culprit = {}, std::string detail = {});
  void note_refusal_locked(const Sight& sight, std::string_view why);
  void forget_locked();
  void settle();
  [[nodiscard]] core::Result<std::shared_ptr<const BundleValue>> granted_answer(const Requester& requester, Use use);
  [[nodiscard]] core::Result<std::shared_ptr<const BundleValue>> answer(Use use);
  [[nodiscard]] BundleReport report_locked() const;
  [[nodiscard]] bool grace_is_over_locked() const;

  const std::vector<BundleMember> members_;
  const std::vector<std::shared_ptr<TrackedFile>> files_;
  const Rules rules_;
  const Host host_;
  const core::Clock& clock_;
  const std::shared_ptr<Notices> notices_;
  std::vector<std::shared_ptr<const Value>> literals_;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const BundleValue> current_;
  std::uint64_t generation_ = 0;  // of the newest value, whether it is still there or not
  Generations accepted_;
  std::vector<Fingerprint> accepted_fingerprints_;
  Validity validity_;
  bool old_cipher_ = false;
  Generations refused_;  // the last set that did not fit
  std::optional<core::SteadyTime> mismatch_since_;
  std::string_view problem_;
  std::string detail_;
  std::optional<SecretName> culprit_;
  core::SteadyTime good_at_{};  // when all files were last seen to hold the current set
  core::SystemTime since_{};
  bool has_running_use_ = false;
  bool transition_ = false;
  std::optional<core::SteadyTime> refreshed_at_;
};

}  // namespace embergate::vault
