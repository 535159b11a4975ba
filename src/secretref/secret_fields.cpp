// SPDX-License-Identifier: Apache-2.0
#include "secretref/secret_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/core/ascii.hpp"

namespace embergate::secretref {
namespace {

using core::lower;
using fhir::Node;

bool always(std::string_view) { return true; }
bool never(std::string_view) { return false; }

// Options by which the known login modules take a credential. A backslash can spell any word, so it counts as one.
bool is_jaas_with_credential(std::string_view line) {
  constexpr std::array<std::string_view, 4> kWords{"password", "secret", "passphrase", "\\"};
  const auto text = lower(line);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

bool is_header_with_credential(std::string_view line) {
  auto name = lower(line.substr(0, line.find(':')));
  name.erase(name.find_last_not_of(" \t") + 1);
  name.erase(0, name.find_first_not_of(" \t"));
  return name == "authorization" || name == "proxy-authorization" || name == "cookie" ||
         (name.starts_with("x-") && name.ends_with("-key"));
}

using vault::ContentKind;

struct Rule {
  std::string_view name;
  bool (*is_credential)(std::string_view value);
  ContentKind kind;
};

// A key store parameter holds PEM or PKCS#12, as another parameter says: kBinary.
constexpr std::array<Rule, 7> kParameters{{{"saslJaasConfig", is_jaas_with_credential, ContentKind::kJaas},
                                           {"sslKeystoreKey", always, ContentKind::kBinary},
                                           {"header", is_header_with_credential, ContentKind::kHeader},
                                           {"sslKeystoreCertificateChain", never, ContentKind::kCertificateChain},
                                           {"sslTruststoreCertificates", never, ContentKind::kAuthorities},
                                           {"sslKeyPassword", always, ContentKind::kSingleLine},
                                           {"saslPassword", always, ContentKind::kSingleLine}}};
constexpr std::array<Rule, 3> kProviderClient{{{"secret", always, ContentKind::kSingleLine},
                                               {"private-key", always, ContentKind::kPrivateKey},
                                               {"certificate", never, ContentKind::kCertificateChain}}};
// An inline Client.secret is hashed before it is stored.
constexpr std::array<Rule, 1> kClient{{{"secret", never, ContentKind::kSingleLine}}};
constexpr std::array<Rule, 1> kIntrospectorJwt{{{"secret", always, ContentKind::kHmacKey}}};
constexpr std::array<Rule, 1> kIntrospectorKey{{{"k", always, ContentKind::kBase64UrlKey}}};
constexpr std::array<Rule, 1> kIntrospectionEndpoint{{{"authorization", always, ContentKind::kSingleLine}}};

class Collector {
 public:
  template <std::size_t N>
  void members(Node parent, const std::string& place, const std::array<Rule, N>& rules) {
    for (const auto& rule : rules) {
      add(parent, fmt::format("{}.{}", place, rule.name), std::string(rule.name), rule);
    }
  }

  void parameters(Node list) {
    if (!list.is_array()) return;
    std::size_t position = 0;
    for (Node item = list.first_child(); item; item = item.next_sibling(list), ++position) {
      const auto name = item.member("name").string();
      const auto* const rule =
          std::find_if(kParameters.begin(), kParameters.end(), [&](const Rule& one) { return one.name == name; });
      if (rule == kParameters.end()) continue;
      add(item, fmt::format("AidboxTopicDestination.parameter[{}].value", position), "valueString", *rule);
    }
  }

  void introspector_keys(Node list) {
    if (!list.is_array()) return;
    std::size_t position = 0;
    for (Node item = list.first_child(); item; item = item.next_sibling(list), ++position) {
      members(item, fmt::format("TokenIntrospector.jwt.keys[{}]", position), kIntrospectorKey);
    }
  }

  std::vector<SecretField> take() { return std::move(fields_); }

 private:
  void add(Node parent, std::string path, const std::string& member, const Rule& rule) {
    const auto sibling_name = "_" + member;
    const Node value = parent.member(member);
    const Node sibling = parent.member(sibling_name);
    if (!value && !sibling) return;
    // Whatever is no string is no harmless value either.
    const bool credential =
        value && (value.is_string() ? rule.is_credential(value.string()) : rule.is_credential != never);
    fields_.push_back({std::move(path), sibling_name, value, sibling, credential, rule.kind});
  }

  std::vector<SecretField> fields_;
};

}  // namespace

std::vector<SecretField> secret_fields_of(const fhir::Resource& resource) {
  const Node root = resource.root();
  const auto type = resource.type();
  Collector collector;
  if (type == "Client") {
    collector.members(root, "Client", kClient);
  } else if (type == "IdentityProvider") {
    collector.members(root.member("client"), "IdentityProvider.client", kProviderClient);
  } else if (type == "TokenIntrospector") {
    collector.members(root.member("jwt"), "TokenIntrospector.jwt", kIntrospectorJwt);
    collector.introspector_keys(root.member("jwt").member("keys"));
    collector.members(root.member("introspection_endpoint"), "TokenIntrospector.introspection_endpoint",
                      kIntrospectionEndpoint);
  } else if (type == "AidboxTopicDestination") {
    collector.parameters(root.member("parameter"));
  }
  return collector.take();
}

}  // namespace embergate::secretref
