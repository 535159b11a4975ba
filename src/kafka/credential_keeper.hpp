// SPDX-License-Identifier: Apache-2.0
// From a secret's file to a credential that brokers accept: waits for new content, proves it with a client of its own,
// hands it over; what is refused is tried again on a schedule and leaves the old credential at work (R-35, R-36, R-39,
// decision 22). Thread: everything but the watcher's notice runs on the identity's strand. Ownership: owned by its
// identity; stop() ends the notices. Failure: told to the host as text without values; never gives up.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kafka/credential.hpp"
#include "kafka/pool_context.hpp"
#include "kafka/retry_schedule.hpp"

namespace embergate::kafka {

class CredentialHost {
 public:
  virtual ~CredentialHost() = default;
  [[nodiscard]] virtual std::optional<vault::Requester> requester()
      const = 0;  // a destination that is allowed to use the secret
  // Makes the proven credential the one in use. `proven` is logged in with it.
  virtual core::Result<void> adopt(std::shared_ptr<const Credential> credential, ClientHandle proven) = 0;
  virtual void credential_failed(bool refused, std::string text) = 0;
};

class CredentialKeeper : public std::enable_shared_from_this<CredentialKeeper> {
 public:
  CredentialKeeper(PoolContext& context, const ConnectionSettings& settings, std::shared_ptr<Strand> strand,
                   CredentialHost& host);

  void start();
  void stop();
  void login_refused();    // of the running client: the broker may have rotated before the file
  void login_recovered();  // it is logged in again
  void lost();             // the running client was given up; the credential has to prove itself anew

 private:
  void check();
  void plan(core::Milliseconds delay);
  void plan_retry() { plan(retry_.next(context_.clock.steady_now())); }
  core::Result<vault::SecretValue> read();
  void prove(const vault::SecretValue& value);
  void fail(bool refused, const std::string& text);

  PoolContext& context_;
  const ConnectionSettings& settings_;
  std::shared_ptr<Strand> strand_;
  CredentialHost* host_;  // null after stop()
  vault::SecretName name_;
  vault::ContentKind kind_;
  std::unique_ptr<vault::Watch> watch_;
  std::shared_ptr<std::atomic<bool>> noticed_ = std::make_shared<std::atomic<bool>>(false);
  RetrySchedule retry_;
  std::uint64_t timer_ = 0;             // the newest plan; older ones do nothing
  std::uint64_t used_generation_ = 0;   // of the file, at work
  std::uint64_t tried_generation_ = 0;  // of the file, last tried
  bool used_is_proven_ = false;
  bool running_refused_ = false;
  bool force_read_ = false;
};

}  // namespace embergate::kafka
