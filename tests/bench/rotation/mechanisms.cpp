// SPDX-License-Identifier: Apache-2.0
#include "bench/rotation/mechanisms.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>

#include "support/kafka_environment.hpp"
#include "support/oidc_provider.hpp"
#include "support/pki.hpp"

namespace embergate::bench {
namespace {

using test::KafkaAdmin;
using test::KafkaEnvironment;
using test::OidcProvider;
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

// A client's secret at the provider that issues its tokens; the broker sees tokens only.
class ClientSecret final : public Passwords {
 public:
  ClientSecret() : Passwords("OAUTHBEARER") {}
  void describe(test::samples::Destination& destination) override {
    Passwords::describe(destination);
    destination.bootstrap = OidcProvider::get().kafka;
    destination.texts.emplace_back("saslOauthbearerTokenEndpointUrl", OidcProvider::get().token_url);
  }
  test::delivery::Values files(int version) override {
    return {{"jaas", test::samples::oauth_jaas(user(), password(version), "kafka")}};
  }
  void accept(int version) override { OidcProvider::get().set_secret_of(user(), password(version)); }
};

// The authorities whose clients the broker's mTLS listener lets in: its own, and those of all cells that run.
class ClientAuthorities {
 public:
  static ClientAuthorities& get() {
    static ClientAuthorities all;
    return all;
  }
  void add(const std::string& certificate) {
    const std::lock_guard lock(mutex_);
    certificates_.push_back(certificate);
    show();
  }
  void remove(const std::string& certificate) {
    const std::lock_guard lock(mutex_);
    std::erase(certificates_, certificate);
    show();
  }

 private:
  void show() {
    const std::string file = KafkaEnvironment::get().tls_file("bench-clients-" + std::to_string(++shown_) + ".pem");
    std::ofstream out(file, std::ios::trunc);
    out << std::ifstream(KafkaEnvironment::get().ca_file).rdbuf();
    for (const std::string& certificate : certificates_) out << certificate;
    out.close();
    admin_.set_broker_setting("listener.name.mtls.ssl.truststore.location", file);
  }

  std::mutex mutex_;
  KafkaAdmin admin_;
  std::vector<std::string> certificates_;
  int shown_ = 0;
};

// Certificate and key in two files, each version of an authority of its own, so that the broker can refuse it.
class ClientCertificate final : public Mechanism {
 public:
  ~ClientCertificate() override {
    for (const Version& version : versions_) ClientAuthorities::get().remove(version.authority);
  }
  void prepare(test::GatewayWorld& world) override {
    world_ = &world;
    accept(0);
  }
  void describe(test::samples::Destination& destination) override {
    destination.security_protocol = "SSL";
    destination.bootstrap = KafkaEnvironment::get().mtls;
    destination.ca_file = KafkaEnvironment::get().ca_file;
    destination.secrets = {{"sslKeystoreCertificateChain", "chain"}, {"sslKeystoreKey", "key"}};
  }
  test::delivery::Values files(int version) override {
    const Version& one = of(version);
    return {{"chain", one.issued.certificate}, {"key", one.issued.key}};
  }
  void accept(int version) override { ClientAuthorities::get().add(of(version).authority); }
  void revoke(int version) override { ClientAuthorities::get().remove(of(version).authority); }

 private:
  struct Version {
    std::string authority;
    test::Issued issued;
  };
  const Version& of(int version) {
    while (versions_.size() <= static_cast<std::size_t>(version)) {
      const test::Authority authority(KafkaAdmin::random_name("clients"));
      versions_.push_back({authority.certificate(), authority.issue("gw")});
      world_->watch_for("key " + std::to_string(versions_.size()), test::private_number(versions_.back().issued.key));
    }
    return versions_[static_cast<std::size_t>(version)];
  }

  test::GatewayWorld* world_ = nullptr;
  std::vector<Version> versions_;
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
      {"mTLS", [] { return std::unique_ptr<Mechanism>(std::make_unique<ClientCertificate>()); }, ""},
      {"OAUTHBEARER", [] { return std::unique_ptr<Mechanism>(std::make_unique<ClientSecret>()); }, ""},
      {"AWS_MSK_IAM", nullptr, "its broker exists at AWS only; the token's signature is tested on published vectors"},
  };
  return rows;
}

}  // namespace embergate::bench
