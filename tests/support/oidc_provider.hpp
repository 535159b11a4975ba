// SPDX-License-Identifier: Apache-2.0
// The OpenID provider that scripts/lib/oidc.sh started for this run, and the broker's listener that takes its tokens.
// Read from environment variables (EG_OIDC_..., EG_KAFKA_OAUTH). Each change counts for the next request. Failure: a
// missing variable ends the test program with a text that says what to start: nothing is skipped.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace embergate::test {

struct OidcProvider {
  std::string token_url;
  std::string client;
  std::string first_secret;
  std::string kafka;  // host:port of the listener
  std::uint16_t port = 0;

  static const OidcProvider& get();
  void set_secret(const std::string& secret) const;
  // Of another client, which comes to be with it.
  void set_secret_of(const std::string& other, const std::string& secret) const;
  void publish_key() const;  // shows a new signing key without using it
  void rotate_key() const;   // signs with the newest key
  void set_lifetime(std::chrono::seconds life) const;

 private:
  void control(const std::string& command, const std::string& body) const;
};

}  // namespace embergate::test
