// SPDX-License-Identifier: Apache-2.0
#include "kafka/credential.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace embergate::kafka {

namespace {

using core::ErrorCode;
using core::make_error;
using vault::ContentKind;

bool same_text(const vault::Secret& left, const vault::Secret& right) {
  return left.with_plaintext(
      [&](std::string_view a) { return right.with_plaintext([&](std::string_view b) { return a == b; }); });
}

vault::Secret copy_of(const vault::Secret& secret) {
  return secret.with_plaintext([](std::string_view text) { return vault::Secret(std::string(text)); });
}

// What a member of the bundle is to the credential.
enum class Part { kJaasLine, kPassword, kBearerToken, kKey, kChain, kKeyPassword, kAuthorities };

bool has_chain(const ConnectionSettings& settings) {
  return settings.ssl_keystore_certificate_chain_secret || !settings.ssl_keystore_certificate_chain.empty();
}

ContentKind kind_of_key(const ConnectionSettings& settings) {
  if (settings.ssl_keystore_type == KeystoreType::kPkcs12) return ContentKind::kPkcs12;
  return has_chain(settings) ? ContentKind::kPrivateKey : ContentKind::kKeyAndChain;
}

struct Members {
  std::vector<Part> parts;
  std::vector<vault::BundleMember> members;

  void add(Part part, ContentKind kind, const std::optional<vault::SecretName>& name, std::string literal = {}) {
    if (!name && literal.empty()) return;
    parts.push_back(part);
    members.push_back(vault::BundleMember{name, kind, std::move(literal), std::nullopt});
  }
};

void add_login(Members& to, const ConnectionSettings& settings) {
  if (!uses_sasl(settings)) return;
  if (settings.sasl_jaas_config) return to.add(Part::kJaasLine, ContentKind::kJaas, settings.sasl_jaas_config);
  if (settings.sasl_mechanism == SaslMechanism::kOauthBearer) {
    to.add(Part::kBearerToken, ContentKind::kBearerToken, settings.sasl_password);
  } else {
    to.add(Part::kPassword, ContentKind::kSingleLine, settings.sasl_password);
  }
}

void add_tls(Members& to, const ConnectionSettings& settings) {
  if (!uses_tls(settings)) return;
  to.add(Part::kAuthorities, ContentKind::kAuthorities, settings.ssl_truststore_certificates_secret);
  if (!settings.ssl_keystore_key) return;
  to.add(Part::kKeyPassword, ContentKind::kSingleLine, settings.ssl_key_password);
  to.add(Part::kKey, kind_of_key(settings), settings.ssl_keystore_key);
  if (settings.ssl_key_password) to.members.back().password = to.members.size() - 2;
  to.add(Part::kChain, ContentKind::kCertificateChain, settings.ssl_keystore_certificate_chain_secret,
         settings.ssl_keystore_certificate_chain);
}

Members collect(const ConnectionSettings& settings) {
  Members members;
  add_login(members, settings);
  add_tls(members, settings);
  return members;
}

// Values by part; null where the settings name none.
class Values {
 public:
  Values(const std::vector<Part>& parts, const std::vector<std::shared_ptr<const vault::Secret>>& values)
      : parts_(parts), values_(values) {}
  [[nodiscard]] const vault::Secret* find(Part part) const {
    for (std::size_t i = 0; i < parts_.size() && i < values_.size(); ++i) {
      if (parts_[i] == part) return values_[i].get();
    }
    return nullptr;
  }

 private:
  const std::vector<Part>& parts_;
  const std::vector<std::shared_ptr<const vault::Secret>>& values_;
};

core::Result<std::shared_ptr<TokenSource>> make_source(const Credential& credential, const ConnectionSettings& settings,
                                                       TokenMaterial material, TokenSourceFactory* factory) {
  if (factory == nullptr) {
    return make_error(ErrorCode::kNotSupported, fmt::format("this program has no source of tokens for saslMechanism {}",
                                                            sasl_mechanism_name(settings.sasl_mechanism)));
  }
  material.authorities = credential.authorities.empty() ? settings.ssl_truststore_certificates : credential.authorities;
  return factory->make(settings, std::move(material));
}

core::Result<void> use_jaas(Credential& credential, const ConnectionSettings& settings, JaasLogin login,
                            TokenSourceFactory* tokens) {
  EG_CHECK(fits_mechanism(login.module, sasl_mechanism_name(settings.sasl_mechanism)));
  if (uses_tokens(settings)) {
    EG_TRY(credential.tokens, make_source(credential, settings, TokenMaterial{std::move(login), {}, {}}, tokens));
    return {};
  }
  credential.username = std::move(login.username);
  credential.password = std::move(login.password);
  return {};
}

core::Result<void> use_login(Credential& credential, const ConnectionSettings& settings, const Values& values,
                             TokenSourceFactory* tokens) {
  if (!uses_sasl(settings)) return {};
  if (const vault::Secret* line = values.find(Part::kJaasLine)) {
    EG_TRY(JaasLogin login, parse_jaas(*line));
    return use_jaas(credential, settings, std::move(login), tokens);
  }
  if (!settings.sasl_jaas_text.empty()) {
    EG_TRY(JaasLogin login, parse_jaas(std::string_view(settings.sasl_jaas_text)));
    return use_jaas(credential, settings, std::move(login), tokens);
  }
  if (const vault::Secret* token = values.find(Part::kBearerToken)) {
    if (token->empty()) return make_error(ErrorCode::kInvalid, "the bearer token is empty");
    EG_TRY(credential.tokens, make_source(credential, settings, TokenMaterial{{}, copy_of(*token), {}}, tokens));
    return {};
  }
  const vault::Secret* password = values.find(Part::kPassword);
  if (password == nullptr || password->empty()) return make_error(ErrorCode::kInvalid, "the password is empty");
  credential.username = vault::Secret(settings.sasl_username);
  credential.password = copy_of(*password);
  return {};
}

core::Result<void> use_tls(Credential& credential, const ConnectionSettings& settings, const Values& values) {
  if (!uses_tls(settings)) return {};
  if (const vault::Secret* authorities = values.find(Part::kAuthorities)) {
    credential.authorities = authorities->with_plaintext([](std::string_view text) { return std::string(text); });
    if (credential.authorities.empty())
      return make_error(ErrorCode::kInvalid, "the file of sslTruststoreCertificates is empty");
  }
  const vault::Secret* key = values.find(Part::kKey);
  if (key == nullptr) return {};
  const vault::Secret* password = values.find(Part::kKeyPassword);
  if (settings.ssl_keystore_type == KeystoreType::kPkcs12) {
    EG_TRY(credential.key_pair, key_pair_from_pkcs12(*key, password));
  } else {
    EG_TRY(credential.key_pair, key_pair_from_pem(*key, values.find(Part::kChain), password));
  }
  return {};
}

bool concerns(vault::Refused what, Part part) {
  const bool of_login = part == Part::kJaasLine || part == Part::kPassword || part == Part::kBearerToken;
  switch (what) {
    case vault::Refused::kLogin:
    case vault::Refused::kLoginUnusable:
      return of_login;
    case vault::Refused::kCertificate:
      return !of_login && part != Part::kAuthorities;
    case vault::Refused::kCertificateUnusable:
      return !of_login;
    case vault::Refused::kAuthorities:
      return part == Part::kAuthorities;
  }
  return false;
}

}  // namespace

bool uses_sasl(const ConnectionSettings& settings) {
  return settings.security_protocol == SecurityProtocol::kSaslPlaintext ||
         settings.security_protocol == SecurityProtocol::kSaslSsl;
}

bool uses_tls(const ConnectionSettings& settings) {
  return settings.security_protocol == SecurityProtocol::kSsl ||
         settings.security_protocol == SecurityProtocol::kSaslSsl;
}

bool uses_tokens(const ConnectionSettings& settings) {
  return uses_sasl(settings) &&
         (settings.sasl_mechanism == SaslMechanism::kOauthBearer || settings.sasl_mechanism == SaslMechanism::kMskIam);
}

bool needs_credential(const ConnectionSettings& settings) {
  return uses_sasl(settings) || !secret_names(settings).empty();
}

std::vector<vault::BundleMember> members_of(const ConnectionSettings& settings) { return collect(settings).members; }

std::vector<vault::SecretName> secret_names(const ConnectionSettings& settings) {
  std::vector<vault::SecretName> names;
  for (const vault::BundleMember& member : members_of(settings)) {
    if (member.name) names.push_back(*member.name);
  }
  return names;
}

bool has_tls_secrets(const ConnectionSettings& settings) {
  return uses_tls(settings) && (settings.ssl_truststore_certificates_secret || settings.ssl_keystore_key);
}

std::vector<vault::SecretName> refused_secrets(const ConnectionSettings& settings, vault::Refused what) {
  const Members all = collect(settings);
  const auto names_of = [&](const std::function<bool(Part)>& chosen) {
    std::vector<vault::SecretName> names;
    for (std::size_t i = 0; i < all.parts.size(); ++i) {
      if (chosen(all.parts[i]) && all.members[i].name) names.push_back(*all.members[i].name);
    }
    return names;
  };
  auto names = names_of([&](Part part) { return concerns(what, part); });
  // Without SASL the certificate is the login.
  if (names.empty() && !uses_sasl(settings)) names = names_of([](Part part) { return part != Part::kAuthorities; });
  return names;
}

std::string secret_list(const ConnectionSettings& settings) {
  std::string list;
  for (const vault::SecretName& name : secret_names(settings)) {
    if (!list.empty()) list += ' ';
    list += name.value();
  }
  return list;
}

std::string generation_list(const ConnectionSettings& settings,
                            const std::map<std::string, std::uint64_t>& file_generations) {
  std::string list;
  for (const vault::SecretName& name : secret_names(settings)) {
    const auto found = file_generations.find(std::string(name.value()));
    list += fmt::format("{}{}", list.empty() ? "" : " ", found == file_generations.end() ? 0 : found->second);
  }
  return list.empty() ? "1" : list;
}

std::string in_words(const std::vector<vault::SecretName>& names) {
  std::string words;
  for (const vault::SecretName& name : names) words += fmt::format("{}'{}'", words.empty() ? "" : ", ", name.value());
  if (names.empty()) return "the login";
  return fmt::format("{} {}", names.size() == 1 ? "secret" : "secrets", words);
}

core::Result<Credential> make_credential(const ConnectionSettings& settings,
                                         const std::vector<std::shared_ptr<const vault::Secret>>& values,
                                         TokenSourceFactory* tokens) {
  const Members members = collect(settings);
  const Values by_part(members.parts, values);
  Credential credential;
  EG_CHECK(use_tls(credential, settings, by_part));  // first: a source of tokens trusts the same authorities
  EG_CHECK(use_login(credential, settings, by_part, tokens));
  return credential;
}

vault::Refused unusable_part(const ConnectionSettings& settings,
                             const std::vector<std::shared_ptr<const vault::Secret>>& values) {
  const Members members = collect(settings);
  Credential credential;
  return use_tls(credential, settings, Values(members.parts, values)) ? vault::Refused::kLoginUnusable
                                                                      : vault::Refused::kCertificateUnusable;
}

Takeover takeover(const Login& running, const Login& next) {
  const Credential& old_one = *running.credential;
  const Credential& new_one = *next.credential;
  const bool keys_stay = old_one.key_pair.has_value() == new_one.key_pair.has_value() &&
                         (!old_one.key_pair || same_key_pair(*old_one.key_pair, *new_one.key_pair));
  if (!keys_stay || old_one.authorities != new_one.authorities) return Takeover::kReplace;
  if (!same_text(old_one.username, new_one.username)) return Takeover::kReplace;
  if ((running.token == nullptr) != (next.token == nullptr)) return Takeover::kReplace;
  if (running.token) {
    return running.token->principal == next.token->principal ? Takeover::kInPlace : Takeover::kReplace;
  }
  return same_text(old_one.password, new_one.password) ? Takeover::kNothingToDo : Takeover::kInPlace;
}

}  // namespace embergate::kafka
