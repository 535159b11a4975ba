// SPDX-License-Identifier: Apache-2.0
// Where AWS credentials come from, in the order of AWS's own programs: the JAAS line, its profile, environment, web
// identity, shared credentials file, container endpoint (decision 37). Credentials that expire are kept until shortly
// before; others are read again each time, so that a rotated file is seen. Thread: one caller at a time, blocking, on
// control threads. Ownership: the exchange and the environment outlive the chain. Failure: retriable when the other
// side did not answer; texts name the source, never a value or what the other side said.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "embergate/kafka/token_sources.hpp"
#include "kafka/aws_signature.hpp"

namespace embergate::kafka {

struct AwsSelection {
  AwsCredentials given;  // of the JAAS line; access_key_id empty: none
  std::string profile;   // awsProfileName; empty: the whole chain
  std::string region;    // for STS
};

class AwsCredentialChain {
 public:
  AwsCredentialChain(AwsSelection selection, const TokenExchange& exchange, const AwsEnvironment& environment,
                     const core::Clock& clock);
  core::Result<std::shared_ptr<const AwsCredentials>> get(core::Milliseconds limit, const std::atomic<bool>& stopping);

 private:
  using Found = core::Result<AwsCredentials>;
  Found find(core::Milliseconds limit, const std::atomic<bool>& stopping) const;
  [[nodiscard]] Found from_environment() const;
  [[nodiscard]] Found from_shared_file(const std::string& profile) const;
  [[nodiscard]] Found from_web_identity(core::Milliseconds limit, const std::atomic<bool>& stopping) const;
  [[nodiscard]] Found from_container(core::Milliseconds limit, const std::atomic<bool>& stopping) const;
  core::Result<std::string> container_url() const;

  const AwsSelection selection_;
  const TokenExchange& exchange_;
  const AwsEnvironment& environment_;
  const core::Clock& clock_;
  std::shared_ptr<const AwsCredentials> kept_;
};

}  // namespace embergate::kafka
