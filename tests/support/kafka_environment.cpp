// SPDX-License-Identifier: Apache-2.0
#include "support/kafka_environment.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include "embergate/core/assert.hpp"

namespace embergate::test {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    std::fprintf(stderr,
                 "%s is not set: start a broker with 'scripts/kafka start --dir DIR' and export what 'scripts/kafka "
                 "env --dir DIR' prints\n",
                 name);
    std::abort();
  }
  return value;
}

}  // namespace

const KafkaEnvironment& KafkaEnvironment::get() {
  static const KafkaEnvironment environment{variable("EG_KAFKA_PLAINTEXT"),   variable("EG_KAFKA_SASL_PLAINTEXT"),
                                            variable("EG_KAFKA_SASL_SSL"),    variable("EG_KAFKA_MTLS"),
                                            variable("EG_KAFKA_TLS"),         variable("EG_KAFKA_REAUTH"),
                                            variable("EG_KAFKA_CA"),          variable("EG_KAFKA_OTHER_CA"),
                                            variable("EG_KAFKA_PLAIN_USERS"), variable("EG_KAFKA_CTL"),
                                            variable("EG_KAFKA_DIR")};
  return environment;
}

std::string KafkaEnvironment::tls_file(std::string_view name) const {
  return (std::filesystem::path(ca_file).parent_path() / name).string();
}

namespace {
// As java.util.Properties reads a value.
std::string with_escapes(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\') escaped += c;
    escaped += c;
  }
  return escaped;
}
}  // namespace

void KafkaEnvironment::set_plain_password(std::string_view user, std::string_view password) const {
  static std::mutex one_at_a_time;
  std::lock_guard lock(one_at_a_time);
  std::ostringstream kept;
  {
    std::ifstream in(plain_users_file);
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with(std::string(user) + "=")) kept << line << '\n';
    }
  }
  const std::string fresh = plain_users_file + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << kept.str() << user << '=' << with_escapes(password) << '\n';
  }
  std::filesystem::rename(fresh, plain_users_file);
}

int KafkaEnvironment::plain_logins(std::string_view user, std::string_view outcome) const {
  std::ifstream in(plain_users_file + ".logins");
  const std::string wanted = std::string(user) + " " + std::string(outcome);
  int count = 0;
  for (std::string line; std::getline(in, line);) count += line == wanted ? 1 : 0;
  return count;
}

void KafkaEnvironment::run(std::string_view command) const {
  const std::string line = "'" + control + "' " + std::string(command) + " --dir '" + directory + "' >/dev/null";
  EG_ASSERT(std::system(line.c_str()) == 0);
}

}  // namespace embergate::test
