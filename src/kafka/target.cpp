// SPDX-License-Identifier: Apache-2.0
#include "embergate/kafka/target.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "embergate/vault/target_policy.hpp"
#include "kafka/credential.hpp"
#include "kafka/msk_token_source.hpp"

namespace embergate::kafka {

namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

// Over what the certificates are, in DER, not over how they are written or in which order.
std::string fingerprint_of(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::set<std::string> digests;
  while (bio) {
    const std::unique_ptr<X509, FreeCertificate> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    if (size <= 0) continue;
    digests.insert(sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)}));
    OPENSSL_free(der);
  }
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  std::string all;
  for (const std::string& digest : digests) all += digest;
  return "sha256:" + sha256(digests.empty() ? std::string_view(pem) : std::string_view(all));
}

std::string authorities_of(const ConnectionSettings& settings) {
  if (settings.ssl_truststore_certificates_secret)
    return fmt::format("secret:{}", settings.ssl_truststore_certificates_secret->value());
  if (!settings.ssl_truststore_certificates.empty()) return fingerprint_of(settings.ssl_truststore_certificates);
  return "system";
}

std::vector<std::string> servers_of(std::string_view list) {
  std::set<std::string> servers;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    const std::string_view one = list.substr(0, comma);
    const std::string normal = vault::normal_server(one);
    servers.insert(normal.empty() ? std::string(one) : normal);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return {servers.begin(), servers.end()};
}

const char* protocol_of(SecurityProtocol protocol) {
  switch (protocol) {
    case SecurityProtocol::kPlaintext:
      return "PLAINTEXT";
    case SecurityProtocol::kSsl:
      return "SSL";
    case SecurityProtocol::kSaslPlaintext:
      return "SASL_PLAINTEXT";
    case SecurityProtocol::kSaslSsl:
      return "SASL_SSL";
  }
  return "";
}

std::string url_of(const std::string& url) {
  if (url.empty()) return {};
  const auto normal = vault::normal_url(url);
  if (!normal) return url;
  return fmt::format("{}://{}:{}{}", normal->tls ? "https" : "http", normal->host, normal->port, normal->path);
}

bool is_public(vault::ContentKind kind) {
  return kind == vault::ContentKind::kAuthorities || kind == vault::ContentKind::kCertificateChain;
}

}  // namespace

vault::NamedTarget named_target(const ConnectionSettings& settings) {
  vault::NamedTarget target;
  target.servers = servers_of(settings.bootstrap_servers);
  target.protocol = protocol_of(settings.security_protocol);
  if (uses_sasl(settings)) target.mechanism = sasl_mechanism_name(settings.sasl_mechanism);
  if (uses_tls(settings)) {
    target.verification = settings.verify_host_name ? "https" : "none";
    target.authorities = authorities_of(settings);
  }
  target.url = url_of(settings.sasl_oauthbearer_token_endpoint_url);
  return target;
}

std::vector<vault::SecretName> private_secrets(const ConnectionSettings& settings) {
  std::vector<vault::SecretName> names;
  for (const vault::BundleMember& member : members_of(settings)) {
    if (member.name && !is_public(member.kind)) names.push_back(*member.name);
  }
  return names;
}

bool uses_own_aws_identity(const ConnectionSettings& settings) {
  return uses_sasl(settings) && settings.sasl_mechanism == SaslMechanism::kMskIam && !settings.sasl_jaas_text.empty();
}

std::optional<std::string> objection_to_own_aws_identity(const ConnectionSettings& settings) {
  constexpr std::string_view kRemedy =
      "for anything else put the JAAS line into a file and write a secret reference, which has a scope and pins";
  if (!uses_own_aws_identity(settings)) return std::nullopt;
  for (const std::string& server : servers_of(settings.bootstrap_servers)) {
    if (auto objection = objection_to_msk_broker(settings, server)) return fmt::format("{}; {}", *objection, kRemedy);
  }
  if (!settings.verify_host_name)
    return fmt::format("the gateway's own AWS identity needs sslEndpointIdentificationAlgorithm https; {}", kRemedy);
  if (!settings.ssl_truststore_certificates.empty()) {
    return fmt::format(
        "the gateway's own AWS identity goes where the system's authorities or those of a secret reference vouch for "
        "the broker, not those of the resource; {}",
        kRemedy);
  }
  if (settings.sasl_jaas_text.find("awsProfileName") != std::string::npos)
    return fmt::format("awsProfileName would pick another identity of the gateway; {}", kRemedy);
  return std::nullopt;
}

std::optional<std::string> objection_to_msk_broker(const ConnectionSettings& settings, std::string_view broker) {
  if (!uses_own_aws_identity(settings)) return std::nullopt;
  const auto region = msk_region_of_host(broker.substr(0, broker.rfind(':')));
  if (region && region == msk_region(settings.bootstrap_servers)) return std::nullopt;
  return fmt::format(
      "the gateway's own AWS identity is shown to Amazon MSK only, in one region: {} is not such as "
      "b-1.name.kafka.eu-west-1.amazonaws.com:9098",
      broker);
}

}  // namespace embergate::kafka
