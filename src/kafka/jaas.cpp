// SPDX-License-Identifier: Apache-2.0
#include "embergate/kafka/jaas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embergate/vault/jaas_tokenizer.hpp"
#include "kafka/credential.hpp"

namespace embergate::kafka {

namespace {

using core::ErrorCode;
using core::make_error;
using vault::JaasToken;
using vault::JaasTokenizer;

struct ModuleRule {
  std::string_view suffix;  // of the class name, on a dot: some vendors put a package in front
  LoginModule module;
  std::string_view username_option;
  std::string_view password_option;
};

constexpr std::array kModules{
    ModuleRule{"plain.PlainLoginModule", LoginModule::kPlain, "username", "password"},
    ModuleRule{"scram.ScramLoginModule", LoginModule::kScram, "username", "password"},
    ModuleRule{"oauthbearer.OAuthBearerLoginModule", LoginModule::kOauthBearer, "clientId", "clientSecret"},
    // Its credentials are options like the others.
    ModuleRule{"software.amazon.msk.auth.iam.IAMLoginModule", LoginModule::kMskIam, "", ""},
};

struct Option {
  JaasToken key;
  JaasToken value;
};

struct Entry {
  const ModuleRule* rule = nullptr;
  std::vector<Option> options;

  // The last of equal keys wins, as in Kafka.
  [[nodiscard]] Option* find(std::string_view key) {
    const auto found =
        std::find_if(options.rbegin(), options.rend(), [&](const Option& option) { return option.key.text == key; });
    return found == options.rend() ? nullptr : &*found;
  }
};

core::Error at(std::size_t position, std::string_view what) {
  return make_error(ErrorCode::kInvalid, fmt::format("JAAS line, character {}: {}", position, what));
}

core::Error unexpected(const JaasToken& token, std::string_view expected) {
  if (token.kind == JaasToken::Kind::kUnclosed) {
    return at(token.position, "a quoted text that begins here is not closed on its line");
  }
  if (token.kind == JaasToken::Kind::kNotUtf8) return at(token.position, "the text is not UTF-8 from here on");
  if (token.kind == JaasToken::Kind::kNumber) {
    return at(token.position, "a text that begins with a digit, '-' or '.' must stand in quotes");
  }
  if (token.kind == JaasToken::Kind::kEnd)
    return at(token.position, fmt::format("the line ends where {} is expected", expected));
  return at(token.position, fmt::format("{} is expected here", expected));
}

const ModuleRule* find_module(std::string_view name) {
  for (const auto& rule : kModules) {
    if (!name.ends_with(rule.suffix)) continue;
    if (name.size() == rule.suffix.size() || name[name.size() - rule.suffix.size() - 1] == '.') return &rule;
  }
  return nullptr;
}

bool is_flag(std::string_view text) {
  constexpr std::array<std::string_view, 4> kFlags{"required", "requisite", "sufficient", "optional"};
  return std::any_of(kFlags.begin(), kFlags.end(), [&](std::string_view flag) {
    return std::equal(text.begin(), text.end(), flag.begin(), flag.end(),
                      [](unsigned char given, unsigned char wanted) { return std::tolower(given) == wanted; });
  });
}

core::Result<Entry> parse_entry(std::string_view text) {
  JaasTokenizer tokens(text);
  Entry entry;
  const JaasToken module = tokens.next();
  if (!module.has_text()) return unexpected(module, "the class of a login module");
  entry.rule = find_module(module.text);
  if (entry.rule == nullptr) {
    return make_error(ErrorCode::kNotSupported,
                      fmt::format("JAAS line, character {}: this login module is not supported; use PlainLoginModule, "
                                  "ScramLoginModule, OAuthBearerLoginModule or IAMLoginModule",
                                  module.position));
  }
  const JaasToken flag = tokens.next();
  if (!flag.has_text() || !is_flag(flag.text)) return unexpected(flag, "required, requisite, sufficient or optional");
  for (JaasToken key = tokens.next(); !key.is(U';'); key = tokens.next()) {
    if (!key.has_text()) return unexpected(key, "an option or the closing ';'");
    if (JaasToken equals = tokens.next(); !equals.is(U'=')) return unexpected(equals, "'=' after an option's name");
    JaasToken value = tokens.next();
    if (!value.has_text()) return unexpected(value, "the value of an option, in quotes unless it is a plain word,");
    entry.options.push_back(Option{std::move(key), std::move(value)});
  }
  if (JaasToken rest = tokens.next(); rest.kind != JaasToken::Kind::kEnd)
    return unexpected(rest, "the end, after one entry,");
  return entry;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

core::Result<vault::Secret> take(Entry& entry, std::string_view name) {
  Option* option = entry.find(name);
  if (option == nullptr || option->value.text.empty()) {
    return make_error(ErrorCode::kInvalid, fmt::format("JAAS line: option {} is missing or empty", name));
  }
  if (option->value.text.find('\0') != std::string::npos) {
    return at(option->value.position, fmt::format("option {} holds a NUL character, which no login can carry", name));
  }
  vault::Secret secret(std::move(option->value.text));
  vault::wipe(option->value.text);
  return secret;
}

// The options that no login of user and password has; each key once, the last one.
core::Result<std::vector<JaasOption>> take_rest(Entry& entry) {
  std::vector<JaasOption> rest;
  for (Option& option : entry.options) {
    if (option.key.text == entry.rule->username_option || option.key.text == entry.rule->password_option) continue;
    if (&option != entry.find(option.key.text) || option.value.text.empty()) continue;
    EG_TRY(vault::Secret value, take(entry, option.key.text));
    rest.push_back(JaasOption{option.key.text, std::move(value)});
  }
  return rest;
}

core::Result<void> check_scram(Entry& entry) {
  if (const Option* token = entry.find("tokenauth"); token != nullptr && token->value.text == "true") {
    return at(token->value.position, "tokenauth (delegation tokens) is not supported");
  }
  // RFC 5802 wants SASLprep, which the client library does not do: equal passwords would hash differently on the two
  // sides.
  for (std::string_view name : {"username", "password"}) {
    const Option* option = entry.find(name);
    if (option != nullptr && !is_ascii(option->value.text)) {
      return at(option->value.position,
                fmt::format("option {} holds a character outside ASCII, which SCRAM here does not support", name));
    }
  }
  return {};
}

}  // namespace

const vault::Secret* JaasLogin::option(std::string_view key) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const JaasOption& option) { return option.key == key; });
  return found == options.end() ? nullptr : &found->value;
}

core::Result<JaasLogin> parse_jaas(std::string_view text) {
  EG_TRY(Entry entry, parse_entry(text));
  JaasLogin login;
  login.module = entry.rule->module;
  if (login.module == LoginModule::kScram) EG_CHECK(check_scram(entry));
  if (login.module == LoginModule::kOauthBearer || login.module == LoginModule::kMskIam) {
    EG_TRY(login.options, take_rest(entry));
  }
  if (login.module == LoginModule::kMskIam) return login;
  EG_TRY(login.username, take(entry, entry.rule->username_option));
  EG_TRY(login.password, take(entry, entry.rule->password_option));
  return login;
}

core::Result<JaasLogin> parse_jaas(const vault::Secret& content) {
  return content.with_plaintext([](std::string_view text) { return parse_jaas(text); });
}

core::Result<bool> jaas_has_credential(std::string_view text) {
  EG_TRY(Entry entry, parse_entry(text));
  for (std::string_view name : {entry.rule->password_option, std::string_view("awsRoleSecretAccessKey"),
                                std::string_view("awsRoleSessionToken")}) {
    const Option* option = entry.find(name);
    if (option != nullptr && !option->value.text.empty()) return true;
  }
  return false;
}

core::Result<void> fits_mechanism(LoginModule module, std::string_view mechanism) {
  static constexpr std::array<std::pair<std::string_view, LoginModule>, 5> kLogins{
      {{"PLAIN", LoginModule::kPlain},
       {"SCRAM-SHA-256", LoginModule::kScram},
       {"SCRAM-SHA-512", LoginModule::kScram},
       {"OAUTHBEARER", LoginModule::kOauthBearer},
       {"AWS_MSK_IAM", LoginModule::kMskIam}}};
  const bool fits = std::any_of(kLogins.begin(), kLogins.end(),
                                [&](const auto& one) { return one.first == mechanism && one.second == module; });
  if (fits) return {};
  return make_error(
      ErrorCode::kInvalid,
      fmt::format("the JAAS line's login module does not fit saslMechanism {0}: write the line of a login "
                  "module of {0}, or make the destination again with the mechanism of the line",
                  mechanism));
}

}  // namespace embergate::kafka
