// SPDX-License-Identifier: Apache-2.0
#include "vault/redactor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/vault/jaas_tokenizer.hpp"

namespace embergate::vault {
namespace {

constexpr std::string_view kMark = "[secret]";
constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kMaxForms = 256;  // of one value

std::string json_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 6);
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string url_escaped(std::string_view text) {
  constexpr std::string_view kUnreserved = "-._~";
  std::string out;
  out.reserve(text.size() * 3);
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       kUnreserved.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string hex(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text)
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return out;
}

// The characters of the base64 text that depend on `text` alone when it starts at this offset of a longer input.
std::string base64_core(std::string_view text, std::size_t offset, std::string_view alphabet) {
  const std::size_t skip = offset == 0 ? 0 : 3 - offset;
  if (text.size() < skip + 3) return {};
  text.remove_prefix(skip);
  std::string out;
  out.reserve(text.size() / 3 * 4);
  for (std::size_t i = 0; i + 3 <= text.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i + k]));
    };
    const std::uint32_t group = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += alphabet[(group >> shift) & 0x3FU];
  }
  return out;
}

void add_form(std::vector<Secret>& forms, std::string form) {
  Secret candidate(std::move(form));
  const auto is_same = [&](const Secret& other) {
    return other.with_plaintext(
        [&](std::string_view a) { return candidate.with_plaintext([&](std::string_view b) { return a == b; }); });
  };
  const bool long_enough = candidate.with_plaintext([](std::string_view text) { return text.size() >= kShortestForm; });
  if (!long_enough || forms.size() >= kMaxForms || std::any_of(forms.begin(), forms.end(), is_same)) return;
  forms.push_back(std::move(candidate));
}

void add_all_forms(std::vector<Secret>& forms, std::string_view text) {
  constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.size() < kShortestForm) return;
  add_form(forms, std::string(text));
  add_form(forms, json_escaped(text));
  add_form(forms, url_escaped(text));
  add_form(forms, hex(text));
  for (std::size_t offset = 0; offset < 3; ++offset) {
    add_form(forms, base64_core(text, offset, kStandard));
    add_form(forms, base64_core(text, offset, kUrlSafe));
  }
}

// Whose value is no secret: a user, region or switch called "kafka", "eu-west-1" or "false" would blank out half of
// every line, addresses of brokers and codes too. Options that are not named here are taken for secrets.
constexpr std::array kPublicOptions = std::to_array<std::string_view>(
    {// PLAIN, SCRAM and OAUTHBEARER
     "username", "tokenauth", "clientId", "scope", "sasl.oauthbearer.header.urlencode", "extension_logicalCluster",
     "extension_identityPoolId",
     // trials of OAUTHBEARER, whose tokens anyone can make
     "unsecuredLoginStringClaim_sub", "unsecuredLoginListClaim_scope", "unsecuredLoginPrincipalClaimName",
     "unsecuredLoginScopeClaimName", "unsecuredLoginLifetimeSeconds",
     // AWS MSK IAM
     "awsProfileName", "awsStsRegion", "awsRoleArn", "awsRoleSessionName", "awsDebugCreds", "awsMaxRetries",
     "awsMaxBackOffTimeMs", "awsShouldUseFips",
     // Kerberos: keyTab and ticketCache are paths
     "principal", "serviceName", "keyTab", "ticketCache", "useKeyTab", "useTicketCache", "storeKey", "doNotPrompt",
     "renewTGT", "isInitiator", "refreshKrb5Config", "useFirstPass", "tryFirstPass", "storePass", "clearPass",
     "debug"});

bool is_public_option(std::string_view name) {
  return std::find(kPublicOptions.begin(), kPublicOptions.end(), name) != kPublicOptions.end();
}

// Whether the text ends with such an option of a JAAS line.
bool ends_with_public_option(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (!text.ends_with('=')) return false;
  text.remove_suffix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return std::any_of(kPublicOptions.begin(), kPublicOptions.end(), [&](std::string_view option) {
    if (!text.ends_with(option)) return false;
    const std::string_view before = text.substr(0, text.size() - option.size());
    return before.ends_with(' ') || before.ends_with('\t') || before.ends_with('\n') || before.ends_with('\r');
  });
}

// As they stand in the file, comments included.
void add_quoted_parts(std::vector<Secret>& forms, std::string_view text) {
  constexpr std::string_view kQuotes = "\"'";
  for (auto begin = text.find_first_of(kQuotes); begin != std::string_view::npos;) {
    auto end = begin + 1;
    while (end < text.size() && text[end] != text[begin] && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
    const bool is_closed = end < text.size() && text[end] == text[begin];
    if (is_closed && !ends_with_public_option(text.substr(0, begin)))
      add_all_forms(forms, text.substr(begin + 1, end - begin - 1));
    begin = text.find_first_of(kQuotes, is_closed ? end + 1 : begin + 1);
  }
}

// As Kafka takes them: without quotes or with either kind, and with escapes resolved.
void add_option_values(std::vector<Secret>& forms, std::string_view text) {
  JaasTokenizer tokens(text);
  JaasToken key;
  for (JaasToken token = tokens.next(); token.kind != JaasToken::Kind::kEnd; token = tokens.next()) {
    if (token.kind == JaasToken::Kind::kNotUtf8) return;
    if (!token.is(U'=')) {
      key = std::move(token);
      continue;
    }
    token = tokens.next();
    if (token.has_text() && !is_public_option(key.text)) add_all_forms(forms, token.text);
  }
}

// A broker's error text quotes the password, not the JAAS line around it.
void add_jaas_parts(std::vector<Secret>& forms, std::string_view text) {
  add_option_values(forms, text);
  add_quoted_parts(forms, text);
}

void add_header_parts(std::vector<Secret>& forms, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  auto value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  add_all_forms(forms, value);
  if (const auto space = value.find(' '); space != std::string_view::npos)
    add_all_forms(forms, value.substr(space + 1));
}

void add_lines(std::vector<Secret>& forms, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    if (!line.starts_with("-----")) add_form(forms, std::string(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::shared_ptr<const Value> make_value(Secret secret, ContentKind kind, Validity validity) {
  auto value = std::make_shared<Value>();
  const bool is_public =
      kind == ContentKind::kCertificateChain || kind == ContentKind::kAuthorities || kind == ContentKind::kConfig;
  secret.with_plaintext([&](std::string_view text) {
    if (is_public) return;
    add_all_forms(value->forms, text);
    if (kind == ContentKind::kJaas) add_jaas_parts(value->forms, text);
    if (kind == ContentKind::kHeader) add_header_parts(value->forms, text);
    const bool has_key =
        kind == ContentKind::kPem || kind == ContentKind::kPrivateKey || kind == ContentKind::kKeyAndChain;
    if (has_key) add_lines(value->forms, text);
  });
  value->secret = std::move(secret);
  value->validity = validity;
  return value;
}

std::size_t Redactor::bucket_of(std::string_view text) {
  std::uint32_t hash = 2'166'136'261U;
  for (std::size_t i = 0; i < kHeadBytes; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * 16'777'619U;
  return (hash ^ hash >> 15U) % kBuckets;
}

void Redactor::add(const std::shared_ptr<const Value>& value) {
  std::lock_guard lock(adding_);
  auto next = std::make_shared<Index>();
  const auto include = [&](const std::shared_ptr<const Value>& one) {
    next->values.push_back(one);
    for (const auto& form : one->forms)
      form.with_plaintext([&](std::string_view text) { next->heads.set(bucket_of(text)); });
  };
  if (const auto old = index_.load()) {
    for (const auto& weak : old->values) {
      if (const auto alive = weak.lock()) include(alive);
    }
  }
  include(value);
  index_.store(std::move(next));
}

void Redactor::redact(std::string& line) const {
  const auto index = index_.load();
  if (!index) return;
  std::vector<std::shared_ptr<const Value>> alive;
  for (std::size_t at = 0; at + kHeadBytes <= line.size();) {
    const std::string_view rest = std::string_view(line).substr(at);
    if (!index->heads.test(bucket_of(rest))) {
      ++at;
      continue;
    }
    if (alive.empty()) {
      for (const auto& weak : index->values) {
        if (auto value = weak.lock()) alive.push_back(std::move(value));
      }
    }
    std::size_t longest = 0;
    for (const auto& value : alive) {
      for (const auto& form : value->forms) {
        form.with_plaintext([&](std::string_view text) {
          if (text.size() > longest && rest.starts_with(text)) longest = text.size();
        });
      }
    }
    if (longest == 0) {
      ++at;
      continue;
    }
    line.replace(at, longest, kMark);
    at += kMark.size();
  }
}

}  // namespace embergate::vault
