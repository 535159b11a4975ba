// SPDX-License-Identifier: Apache-2.0
// From the secrets of an identity to a login that brokers accept: waits for a new generation of all of them together,
// proves it with a client of its own, hands it over; what is refused leaves the old login at work and is tried again as
// LoginPlan decides, which also takes the old login back when the running client was refused (R-35, R-36, R-39, R-40,
// R-43, decision 22). Tokens are fetched again at 80 % of their life. Thread: everything but the watcher's notice runs
// on the identity's strand. Ownership: owned by its identity; stop() ends the notices. Failure: the host gets a text
// without values; never gives up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kafka/credential.hpp"
#include "kafka/login_plan.hpp"
#include "kafka/login_probe.hpp"
#include "kafka/pool_context.hpp"
#include "kafka/retry_schedule.hpp"

namespace embergate::kafka {

// A login that brokers accepted, and the client that proved it.
struct Proven {
  Login login;
  OpenClient client;
  bool is_new = true;    // another generation than the one at work
  bool too_old = false;  // the client at work is: another one is wanted, though the login may be the same
  std::map<std::string, std::uint64_t> file_generations;  // of the secrets that it was made of, by name
};

struct CredentialFailure {
  core::Fault fault = core::Fault::kNone;
  std::string text;
  std::optional<vault::Refused> refused;  // nothing: it says nothing of the value
  bool is_known = false;                  // the same value was refused for that before
};

class CredentialHost {
 public:
  virtual ~CredentialHost() = default;
  [[nodiscard]] virtual std::optional<vault::Requester> requester()
      const = 0;  // a destination that is allowed to use the secrets
  // False while a client that was replaced before is not gone yet: a candidate would be the third.
  [[nodiscard]] virtual bool has_room_for_candidate() const = 0;
  // Makes the login the one in use; the keeper hears adopted() or not_adopted() on the strand, perhaps before this
  // returns.
  virtual void adopt(Proven proven) = 0;
  // Another token of the same principal.
  virtual void renew(const Login& login) = 0;
  virtual void credential_failed(CredentialFailure failure) = 0;
  // Why the secrets are kept from every destination of the connection; nothing: a destination may use them, or no
  // destination is left.
  [[nodiscard]] virtual std::optional<std::string> denial() const = 0;
  // Why a client that it has, at work or about to be, may not be connected to where it is; nothing: all may.
  [[nodiscard]] virtual std::optional<std::string> objection() const = 0;
  // No client may go on, neither the one at work nor one that takes over from it; what is on its way comes back.
  virtual void withdraw(const std::string& why) = 0;
  // The value that the files hold, or the one at work, is refused or cannot be used; and no longer.
  virtual void refusal_begins(vault::Refusal refusal) = 0;
  virtual void refusal_ends() = 0;
  // The secrets of which a newer value than the accepted one waits for a broker to accept it; empty: none. Said again
  // and again.
  virtual void newer_waits(std::vector<std::string> secrets) = 0;
};

class CredentialKeeper : public std::enable_shared_from_this<CredentialKeeper> {
 public:
  CredentialKeeper(PoolContext& context, const ConnectionSettings& settings, std::shared_ptr<Strand> strand,
                   CredentialHost& host);

  void start();
  void stop();
  void login_refused();                    // of the running client: the broker may have rotated before the file
  void tls_refused(bool our_certificate);  // the same for certificates
  void client_answers();                   // the running client is accepted after all
  void lost();                             // the running client was given up; the login has to prove itself again
  void too_old();                          // the running client reached maxLoginAgeMs
  void token_wanted();                     // the library's token is near its end
  void rules_changed();                    // a secret may be bound to another target now, or the vault config changed
  void adopted();
  void not_adopted(core::Fault fault, const std::string& text);

 private:
  using Snapshot = std::shared_ptr<const vault::BundleValue>;
  // One generation of the secrets on its way to the brokers.
  struct Attempt {
    std::uint64_t generation = 0;
    Login login;
    std::map<std::string, std::uint64_t> files;  // the generation of each file, by the name of its secret
  };
  struct KnownRefusal {
    std::uint64_t generation = 0;  // 0: nothing is refused
    vault::Refused what = vault::Refused::kLogin;
    bool explained = false;
    friend bool operator==(const KnownRefusal&, const KnownRefusal&) = default;
  };
  void check();
  void check_after(core::Milliseconds delay);
  void go_on();
  core::Result<Snapshot> read();
  core::Result<void> claim_target();
  bool must_stop();
  void forget_accepted();
  void withdraw(const std::string& why);
  void prove(std::uint64_t generation, const Snapshot& newest);
  core::Result<Attempt> begin_attempt(std::uint64_t generation, const Snapshot& newest);
  core::Result<void> fetch_token(Login& login);
  [[nodiscard]] core::Milliseconds probe_timeout() const;
  [[nodiscard]] ProbeResult log_in(ConfHandle conf, const Attempt& attempt, const JustAccepted& accepted);
  void probe(Attempt attempt);
  // `refused`: why the value is not taken; nothing: the end says nothing of the value.
  void end_attempt(std::uint64_t generation, std::optional<vault::Refused> refused, core::Fault fault,
                   const std::string& text);
  [[nodiscard]] std::optional<vault::Refused> refusal_of(const ProbeResult& probe, const Attempt& attempt) const;
  [[nodiscard]] core::Fault code_of(const ProbeResult& probe) const;
  [[nodiscard]] static core::Fault fault_of_target(const core::Error& error);
  [[nodiscard]] std::optional<vault::Refused> unusable(const Attempt& attempt) const;
  [[nodiscard]] std::optional<vault::Refused> untrusted(const std::string& text, const Attempt& attempt) const;
  // Whether a value that the refusal would be about was in no login that was accepted.
  [[nodiscard]] bool is_new(const Attempt& attempt, vault::Refused what) const;
  void tell_refusal(const std::string& text = {});
  [[nodiscard]] std::vector<std::string> waiting_secrets(const Snapshot& newest) const;
  [[nodiscard]] std::map<std::string, std::uint64_t> file_generations(const vault::BundleValue& value) const;
  void plan_token(core::Milliseconds delay);
  void plan_token_by_life();
  void renew_token();
  void token_failed(const core::Error& error);
  void fail(core::Fault fault, const std::string& text);
  void fail(const core::Error& error, core::Fault otherwise);  // `otherwise`: when the error names no fault
  void fail_refused(std::uint64_t generation, vault::Refused what, core::Fault fault, const std::string& text);
  [[nodiscard]] std::string said_of_secrets(vault::Refused what, const std::string& text) const;
  [[nodiscard]] core::SteadyTime now() const { return context_.clock.steady_now(); }

  PoolContext& context_;
  const ConnectionSettings& settings_;
  std::shared_ptr<Strand> strand_;
  CredentialHost* host_;                   // null after stop()
  std::shared_ptr<vault::Bundle> bundle_;  // null: the settings name no secret (MSK IAM)
  std::unique_ptr<vault::Watch> watch_;
  std::shared_ptr<std::atomic<bool>> noticed_ = std::make_shared<std::atomic<bool>>(false);
  LoginPlan plan_;
  RetrySchedule token_retry_;
  std::uint64_t timer_ = 0;        // the newest planned check; older ones do nothing
  std::uint64_t token_timer_ = 0;  // the same for tokens
  Attempt used_;                   // the last one that brokers accepted; at work, unless the client was lost
  Attempt candidate_;              // being taken over
  bool adopting_ = false;
  bool look_again_ = false;
  int unanswered_tries_ = 0;  // in a row; each doubles the time for the next one
  bool force_read_ = false;
  KnownRefusal known_refusal_;                                    // what the host knows
  std::set<std::pair<std::uint64_t, vault::Refused>> said_once_;  // refusals of the values that are tried
};

}  // namespace embergate::kafka
