// SPDX-License-Identifier: Apache-2.0
// The real broker that scripts/kafka started for this run, as its kafka.env describes it. Read from environment
// variables (EG_KAFKA_...). Failure: a missing variable ends the test program with a text that says how to start the
// broker: nothing is skipped.
#pragma once

#include <string>
#include <string_view>

namespace embergate::test {

struct KafkaEnvironment {
  std::string plaintext;
  std::string sasl_plaintext;
  std::string sasl_ssl;
  std::string mtls;
  std::string tls;     // without a client's certificate
  std::string reauth;  // asks for a new login every two seconds; also OAUTHBEARER with tokens nobody signed
  std::string ca_file;
  std::string other_ca_file;     // signs nothing that the broker shows
  std::string plain_users_file;  // user=password, read by the broker at each login
  std::string control;           // scripts/kafka
  std::string directory;

  static const KafkaEnvironment& get();
  [[nodiscard]] std::string tls_file(std::string_view name) const;  // of the broker's folder of certificates and keys
  // Sets the PLAIN password of a user; the next login sees it.
  void set_plain_password(std::string_view user, std::string_view password) const;
  // How many PLAIN logins of the user the broker has seen with this outcome, "accepted" or "refused".
  [[nodiscard]] int plain_logins(std::string_view user, std::string_view outcome) const;
  // Runs scripts/kafka with one command on this broker: kill, start.
  void run(std::string_view command) const;
};

}  // namespace embergate::test
