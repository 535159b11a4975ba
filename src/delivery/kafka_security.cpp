// SPDX-License-Identifier: Apache-2.0
#include "delivery/kafka_security.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "delivery/pem_text.hpp"
#include "embergate/kafka/jaas.hpp"
#include "embergate/vault/target_policy.hpp"

namespace embergate::delivery {
namespace {

using kafka::SaslMechanism;
using kafka::SecurityProtocol;

constexpr std::int64_t kShortestLoginAge = 1'000;

struct Mechanism {
  std::string_view name;
  SaslMechanism mechanism;
};
constexpr std::array<Mechanism, 5> kMechanisms{{{"PLAIN", SaslMechanism::kPlain},
                                                {"SCRAM-SHA-256", SaslMechanism::kScramSha256},
                                                {"SCRAM-SHA-512", SaslMechanism::kScramSha512},
                                                {"OAUTHBEARER", SaslMechanism::kOauthBearer},
                                                {"AWS_MSK_IAM", SaslMechanism::kMskIam}}};

// Java classes that say nothing which the mechanism does not say; there is no Java here to load others.
struct Handler {
  std::string_view name;
  SaslMechanism mechanism;
};
constexpr std::array<Handler, 4> kHandlers{
    {{"software.amazon.msk.auth.iam.IAMClientCallbackHandler", SaslMechanism::kMskIam},
     {"org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler", SaslMechanism::kOauthBearer},
     {"org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler",
      SaslMechanism::kOauthBearer},
     {"org.apache.kafka.common.security.oauthbearer.internals.OAuthBearerSaslClientCallbackHandler",
      SaslMechanism::kOauthBearer}}};

// A client secret goes to it, so it travels encrypted or not at all.
bool is_token_endpoint(std::string_view url) {
  constexpr std::array<std::string_view, 4> kStarts{"https://", "http://localhost", "http://127.0.0.1", "http://[::1]"};
  return std::any_of(kStarts.begin(), kStarts.end(), [&](std::string_view start) {
    if (!url.starts_with(start)) return false;
    const std::string_view rest = url.substr(start.size());
    if (start.ends_with('/')) return !rest.empty() && rest.front() != '/';
    return rest.empty() || rest.front() == ':' || rest.front() == '/';
  });
}

class Reader {
 public:
  Reader(ParameterView& parameters, kafka::ConnectionSettings& connection)
      : parameters_(parameters), connection_(connection) {}

  void read() {
    read_protocol();
    read_login();
    read_authorities();
    read_key();
    read_login_age();
  }

 private:
  using Parameter = ParameterView::Parameter;

  void read_protocol() {
    static constexpr std::array<std::pair<std::string_view, SecurityProtocol>, 4> kProtocols{
        {{"plaintext", SecurityProtocol::kPlaintext},
         {"ssl", SecurityProtocol::kSsl},
         {"sasl_plaintext", SecurityProtocol::kSaslPlaintext},
         {"sasl_ssl", SecurityProtocol::kSaslSsl}}};
    const Parameter* parameter = parameters_.find("securityProtocol");
    if (parameter == nullptr) return;
    const std::string value = lower(*parameter->text);
    for (const auto& [name, protocol] : kProtocols) {
      if (name == value) {
        connection_.security_protocol = protocol;
        return;
      }
    }
    parameters_.issue(parameter, fmt::format("securityProtocol must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, "
                                             "SASL_SSL, not \"{}\"",
                                             *parameter->text));
  }

  [[nodiscard]] bool uses_sasl() const {
    return connection_.security_protocol == SecurityProtocol::kSaslPlaintext ||
           connection_.security_protocol == SecurityProtocol::kSaslSsl;
  }
  [[nodiscard]] bool uses_tls() const {
    return connection_.security_protocol == SecurityProtocol::kSsl ||
           connection_.security_protocol == SecurityProtocol::kSaslSsl;
  }

  void read_login() {
    parameters_.need(uses_sasl(),
                     {"saslMechanism", "saslJaasConfig", "saslUsername", "saslPassword",
                      "saslClientCallbackHandlerClass", "saslOauthbearerTokenEndpointUrl"},
                     "needs securityProtocol SASL_SSL or SASL_PLAINTEXT");
    if (!uses_sasl()) return;
    read_mechanism();
    read_handler();
    if (parameters_.find("saslJaasConfig") != nullptr) {
      read_jaas();
    } else if (connection_.sasl_mechanism == SaslMechanism::kOauthBearer) {
      read_bearer_token();
    } else if (connection_.sasl_mechanism == SaslMechanism::kMskIam) {
      parameters_.issue(parameters_.find("saslMechanism"),
                        "AWS_MSK_IAM needs saslJaasConfig \"software.amazon.msk.auth.iam.IAMLoginModule required;\"");
    } else {
      read_user();
    }
    read_token_endpoint();
  }

  void read_mechanism() {
    const Parameter* parameter = parameters_.required_text("saslMechanism");
    if (parameter == nullptr) return;
    const std::string& value = *parameter->text;
    const auto* found =
        std::find_if(kMechanisms.begin(), kMechanisms.end(), [&](const Mechanism& one) { return one.name == value; });
    if (found != kMechanisms.end()) {
      connection_.sasl_mechanism = found->mechanism;
    } else if (value == "GSSAPI") {
      parameters_.issue(parameter,
                        "saslMechanism \"GSSAPI\" (Kerberos) is not supported: use a client certificate "
                        "(sslKeystoreKey), SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM or PLAIN",
                        "not-supported");
    } else {
      parameters_.issue(parameter, fmt::format("saslMechanism \"{}\" is unknown; use PLAIN, SCRAM-SHA-256, "
                                               "SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM",
                                               value));
    }
    if (connection_.sasl_mechanism == SaslMechanism::kMskIam && !uses_tls()) {
      parameters_.issue(parameter, "saslMechanism AWS_MSK_IAM needs securityProtocol SASL_SSL");
    }
  }

  void read_handler() {
    const Parameter* parameter = parameters_.find("saslClientCallbackHandlerClass");
    if (parameter == nullptr) return;
    const bool known = std::any_of(kHandlers.begin(), kHandlers.end(), [&](const Handler& one) {
      return one.name == *parameter->text && one.mechanism == connection_.sasl_mechanism;
    });
    if (known) return;
    parameters_.issue(parameter,
                      fmt::format("saslClientCallbackHandlerClass \"{}\" cannot be used: there is no Java here. The "
                                  "handlers of MSK IAM and of Kafka's OAUTHBEARER are accepted with their mechanism, "
                                  "since it says the same; leave out any other",
                                  *parameter->text),
                      "not-supported");
  }

  void read_jaas() {
    const Parameter* jaas = parameters_.find("saslJaasConfig");
    if (parameters_.find("saslUsername") != nullptr || parameters_.find("saslPassword") != nullptr) {
      return parameters_.issue(jaas, "saslJaasConfig and saslUsername with saslPassword exclude each other");
    }
    if (!jaas->text) {
      connection_.sasl_jaas_config = secret(jaas);
      return;
    }
    const auto credential = kafka::jaas_has_credential(*jaas->text);
    if (!credential && jaas->text->find("Krb5LoginModule") != std::string::npos) {
      return parameters_.issue(jaas, "Kerberos is not supported: use another saslMechanism and its login module",
                               "not-supported");
    }
    if (connection_.sasl_mechanism != SaslMechanism::kMskIam || (credential && *credential)) {
      connection_.sasl_jaas_config = secret(jaas);  // refuses, with what to write instead
      return;
    }
    if (!credential) return parameters_.issue(jaas, credential.error().diagnostics);
    connection_.sasl_jaas_text = *jaas->text;
  }

  void read_bearer_token() {
    const Parameter* token = parameters_.find("saslPassword");
    const Parameter* user = parameters_.find("saslUsername");
    if (user != nullptr)
      parameters_.issue(user, "saslUsername has no meaning with OAUTHBEARER: the token says who it is");
    if (token == nullptr) {
      return parameters_.issue(parameters_.find("saslMechanism"),
                               "OAUTHBEARER needs saslJaasConfig with clientId and clientSecret and "
                               "saslOauthbearerTokenEndpointUrl, or saslPassword with a reference to a file that holds "
                               "the token");
    }
    connection_.sasl_password = secret(token);
  }

  void read_user() {
    const Parameter* user = parameters_.find("saslUsername");
    const Parameter* password = parameters_.find("saslPassword");
    if (user == nullptr || password == nullptr) {
      return parameters_.issue(user != nullptr ? user : password,
                               "SASL needs saslJaasConfig, or saslUsername and saslPassword");
    }
    connection_.sasl_username = *user->text;
    if (user->text->empty()) parameters_.issue(user, "saslUsername must not be empty");
    connection_.sasl_password = secret(password);
  }

  void read_token_endpoint() {
    const Parameter* parameter = parameters_.find("saslOauthbearerTokenEndpointUrl");
    const bool wanted =
        connection_.sasl_mechanism == SaslMechanism::kOauthBearer && parameters_.find("saslJaasConfig") != nullptr;
    if (parameter == nullptr) {
      if (wanted) {
        parameters_.issue(parameters_.find("saslJaasConfig"),
                          "OAUTHBEARER with clientId and clientSecret needs saslOauthbearerTokenEndpointUrl");
      }
      return;
    }
    if (!wanted) {
      return parameters_.issue(parameter,
                               "saslOauthbearerTokenEndpointUrl needs saslMechanism OAUTHBEARER and saslJaasConfig");
    }
    connection_.sasl_oauthbearer_token_endpoint_url = *parameter->text;
    if (!is_token_endpoint(*parameter->text)) {
      parameters_.issue(parameter, "saslOauthbearerTokenEndpointUrl must be an https URL (http on this host only)");
    } else if (!vault::normal_url(*parameter->text)) {
      parameters_.issue(parameter,
                        "saslOauthbearerTokenEndpointUrl is no URL that a secret may go to: no user or password before "
                        "the host (clientId and clientSecret stand in the file of saslJaasConfig), no blanks, no %2F, "
                        "%5C or %2E in the path, and hosts of other alphabets in their xn-- form");
    }
  }

  std::optional<vault::SecretName> secret(const Parameter* parameter) {
    if (!parameter->secret_reference) {
      const std::string_view what = parameter->name == "sslKeystoreKey" ? "a private key" : "a password";
      parameters_.issue(parameter, fmt::format("{} carries {}: put it into a file and write a secret reference in "
                                               "_valueString instead of the value",
                                               parameter->name, what));
      return std::nullopt;
    }
    auto name = vault::make_secret_name(*parameter->secret_reference);
    if (!name) {
      parameters_.issue(parameter,
                        "the name in the secret reference must be 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '-'");
    }
    return name;
  }

  // Certificates are no secret: they may stand in the resource, or in a file when they shall rotate.
  void certificates(std::string_view name, std::string& text, std::optional<vault::SecretName>& reference) {
    const Parameter* parameter = parameters_.find(name);
    if (parameter == nullptr) return;
    if (!parameter->text) {
      reference = secret(parameter);
      return;
    }
    const std::string problem = problem_with_certificates(*parameter->text);
    if (!problem.empty()) parameters_.issue(parameter, fmt::format("{} {}", name, problem));
    text = *parameter->text;
  }

  void read_authorities() {
    parameters_.need(uses_tls(),
                     {"sslTruststoreCertificates", "sslEndpointIdentificationAlgorithm", "sslKeystoreKey",
                      "sslKeystoreCertificateChain", "sslKeyPassword", "sslKeystoreType"},
                     "needs securityProtocol SSL or SASL_SSL");
    certificates("sslTruststoreCertificates", connection_.ssl_truststore_certificates,
                 connection_.ssl_truststore_certificates_secret);
    if (const Parameter* parameter = parameters_.find("sslEndpointIdentificationAlgorithm")) {
      const std::string value = lower(*parameter->text);
      if (!value.empty()) parameters_.one_of(parameter, value, {"https", "none"});
      connection_.verify_host_name = value == "https";
    }
  }

  void read_key() {
    read_keystore_type();
    const Parameter* key = parameters_.find("sslKeystoreKey");
    parameters_.need(key != nullptr, {"sslKeystoreCertificateChain", "sslKeyPassword", "sslKeystoreType"},
                     "needs sslKeystoreKey");
    if (key == nullptr) return;
    connection_.ssl_keystore_key = secret(key);
    certificates("sslKeystoreCertificateChain", connection_.ssl_keystore_certificate_chain,
                 connection_.ssl_keystore_certificate_chain_secret);
    if (const Parameter* password = parameters_.find("sslKeyPassword")) connection_.ssl_key_password = secret(password);
    parameters_.need(connection_.ssl_keystore_type == kafka::KeystoreType::kPem, {"sslKeystoreCertificateChain"},
                     "has no meaning with sslKeystoreType PKCS12: the store holds the chain");
  }

  void read_keystore_type() {
    const Parameter* parameter = parameters_.find("sslKeystoreType");
    if (parameter == nullptr) return;
    const std::string value = lower(*parameter->text);
    if (value == "pkcs12") {
      connection_.ssl_keystore_type = kafka::KeystoreType::kPkcs12;
    } else if (value == "jks" || value == "jceks") {
      parameters_.issue(parameter,
                        fmt::format("sslKeystoreType \"{}\" is not supported; {} and set sslKeystoreType to PKCS12",
                                    *parameter->text, kafka::kConvertJks),
                        "not-supported");
    } else {
      parameters_.one_of(parameter, value, {"pem", "pkcs12"});
    }
  }

  void read_login_age() {
    constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
    const Parameter* parameter = parameters_.find("maxLoginAgeMs");
    if (parameter == nullptr || *parameter->number == 0) return;
    if (const auto value = parameters_.number("maxLoginAgeMs", kShortestLoginAge, kMaxInt)) {
      connection_.max_login_age_ms = *value;
    }
    parameters_.need(uses_sasl() || parameters_.find("sslKeystoreKey") != nullptr, {"maxLoginAgeMs"},
                     "needs a login: a SASL protocol or sslKeystoreKey");
  }

  ParameterView& parameters_;
  kafka::ConnectionSettings& connection_;
};

}  // namespace

void read_kafka_security(ParameterView& parameters, kafka::ConnectionSettings& connection) {
  Reader(parameters, connection).read();
}

}  // namespace embergate::delivery
