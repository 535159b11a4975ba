// SPDX-License-Identifier: Apache-2.0
// What the sources of bearer tokens need from the program around them: someone who makes an HTTP request for them, and
// what the environment says of AWS. Kafka itself knows no HTTP. Thread: the exchange is called on control threads and
// blocks for at most the request's time-out; it ends early when `stopping` becomes true. Ownership: the factory keeps
// the exchange and the environment; the clock outlives it. Failure: the exchange gives an Error whose text is a class
// (timeout, tls, ...) and says nothing of the peer (S-10, S-36); any status is an answer.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

struct TokenRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, vault::Secret>> secret_headers;
  vault::Secret body;
  core::Milliseconds timeout{10'000};
  std::string authorities;        // PEM, trusted beside the system's
  bool operator_address = false;  // named by the operator's environment (decision 37)
};

struct TokenAnswer {
  int status = 0;
  std::string body;  // the receiver wipes it
};

using TokenExchange = std::function<core::Result<TokenAnswer>(TokenRequest, const std::atomic<bool>& stopping)>;

// The AWS_... variables of the same names. Empty: not set.
struct AwsEnvironment {
  std::string access_key_id;
  vault::Secret secret_access_key;
  vault::Secret session_token;
  std::string shared_credentials_file;  // ~/.aws/credentials when not set
  std::string profile;
  std::string region;  // AWS_REGION, or AWS_DEFAULT_REGION
  std::string web_identity_token_file;
  std::string role_arn;
  std::string role_session_name;
  std::string endpoint_url_sts;
  std::string container_credentials_relative_uri;
  std::string container_credentials_full_uri;
  vault::Secret container_authorization_token;
  std::string container_authorization_token_file;
};

class TokenSourceFactory;
std::shared_ptr<TokenSourceFactory> make_token_sources(TokenExchange exchange, AwsEnvironment aws,
                                                       const core::Clock& clock);

}  // namespace embergate::kafka
