// SPDX-License-Identifier: Apache-2.0
// The token of AWS MSK IAM: a request to the cluster, signed with SigV4 as a URL (kafka.md 4.4). Pure function.
// Failure: none; wrong credentials make a token that the broker refuses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

struct AwsCredentials {
  std::string access_key_id;
  vault::Secret secret_access_key;
  vault::Secret session_token;  // empty: a user's own key pair
  std::optional<core::SystemTime> expires_at;
  std::string principal;  // the same as long as it is the same user or role
};

struct MskSignature {
  std::string canonical_request_hash;  // lower case hex, as the published test vectors give it
  std::string signature;
  vault::Secret token;  // base64url, without padding
  core::SystemTime expires_at{};
};

MskSignature sign_msk_token(const AwsCredentials& credentials, std::string_view region, core::SystemTime now);

}  // namespace embergate::kafka
