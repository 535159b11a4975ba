// SPDX-License-Identifier: Apache-2.0
#include "bench/rotation/mechanisms.hpp"

#include "support/kafka_environment.hpp"

namespace embergate::bench {
namespace {

using test::KafkaAdmin;
using test::KafkaEnvironment;
using test::Scram;

// One file with a JAAS line; passwords are canaries, so that a leak is found.
class Passwords : public Mechanism {
 public:
  explicit Passwords(std::string mechanism) : mechanism_(std::move(mechanism)) {}
  void prepare(test::GatewayWorld& world) override {
    world_ = &world;
    user_ = KafkaAdmin::random_name("gw");
    accept(0);
  }
  void describe(test::samples::Destination& destination) override {
    destination.mechanism = mechanism_;
    destination.bootstrap = KafkaEnvironment::get().sasl_ssl;
    destination.ca_file = KafkaEnvironment::get().ca_file;
  }
  // A user has one password: the next accept() is what revokes.
  void revoke(int /*version*/) override {}

 protected:
  const std::string& password(int version) {
    while (passwords_.size() <= static_cast<std::size_t>(version))
      passwords_.push_back(world_->password("v" + std::to_string(passwords_.size())));
    return passwords_[static_cast<std::size_t>(version)];
  }
  [[nodiscard]] test::GatewayWorld& world() { return *world_; }
  [[nodiscard]] const std::string& user() const { return user_; }

 private:
  std::string mechanism_;
  test::GatewayWorld* world_ = nullptr;
  std::string user_;
  std::vector<std::string> passwords_;
};

class ScramPassword final : public Passwords {
 public:
  explicit ScramPassword(Scram hash)
      : Passwords(hash == Scram::kSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512"), hash_(hash) {}
  test::delivery::Values files(int version) override {
    return {{"jaas", test::samples::scram_jaas(user(), password(version))}};
  }
  void accept(int version) override { world().kafka().set_scram_password(user(), password(version), hash_); }

 private:
  Scram hash_;
};

class PlainPassword final : public Passwords {
 public:
  PlainPassword() : Passwords("PLAIN") {}
  test::delivery::Values files(int version) override {
    return {{"jaas", test::samples::plain_jaas(user(), password(version))}};
  }
  void accept(int version) override { KafkaEnvironment::get().set_plain_password(user(), password(version)); }
};

// Two users in turn: the one at rest gets the next password, so that both work for a while.
class TwoUsers final : public Passwords {
 public:
  TwoUsers() : Passwords("SCRAM-SHA-512") {}
  test::delivery::Values files(int version) override {
    return {{"jaas", test::samples::scram_jaas(user_of(version), password(version))}};
  }
  void accept(int version) override { world().kafka().set_scram_password(user_of(version), password(version)); }
  void revoke(int version) override {
    world().kafka().set_scram_password(user_of(version), KafkaAdmin::random_name("closed"));
  }

 private:
  [[nodiscard]] std::string user_of(int version) const { return user() + (version % 2 == 0 ? "-a" : "-b"); }
};

}  // namespace

const std::vector<MechanismRow>& mechanisms() {
  static const std::vector<MechanismRow> rows{
      {"SCRAM-SHA-512", [] { return std::unique_ptr<Mechanism>(std::make_unique<ScramPassword>(Scram::kSha512)); }, ""},
      {"SCRAM-SHA-256", [] { return std::unique_ptr<Mechanism>(std::make_unique<ScramPassword>(Scram::kSha256)); }, ""},
      {"PLAIN", [] { return std::unique_ptr<Mechanism>(std::make_unique<PlainPassword>()); }, ""},
      {"SCRAM-SHA-512, two users", [] { return std::unique_ptr<Mechanism>(std::make_unique<TwoUsers>()); }, ""},
      {"AWS_MSK_IAM", nullptr, "its broker exists at AWS only; the token's signature is tested on published vectors"},
  };
  return rows;
}

}  // namespace embergate::bench
