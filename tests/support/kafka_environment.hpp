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
  std::string ca_file;
  std::string other_ca_file;     // signs nothing that the broker shows
  std::string plain_users_file;  // user=password, read by the broker at each login
  std::string control;           // scripts/kafka
  std::string directory;

  static const KafkaEnvironment& get();
  // Sets the PLAIN password of a user; the next login sees it.
  void set_plain_password(std::string_view user, std::string_view password) const;
  // Runs scripts/kafka with one command on this broker: kill, start.
  void run(std::string_view command) const;
};

}  // namespace embergate::test
