// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "embergate/http/url.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace {

constexpr std::size_t kMaxUrl = 4096;
constexpr std::size_t kMaxHost = 253;

bool take_scheme(std::string_view& url, Endpoint& endpoint) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!equal_ignoring_case(url.substr(0, scheme.size()), scheme)) continue;
    endpoint.secure = scheme.size() == 8;
    endpoint.port = endpoint.secure ? 443 : 80;
    url.remove_prefix(scheme.size());
    return true;
  }
  return false;
}

bool is_name_char(char c) {
  return is_char(c, kDigit) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
}

bool take_name(std::string_view host, Endpoint& endpoint) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxHost || host.front() == '.' || host.find("..") != std::string_view::npos) {
    return false;
  }
  for (const char c : host) {
    if (!is_name_char(c)) return false;
    endpoint.host.push_back(to_lower(c));
  }
  return true;
}

bool take_ipv6(std::string_view host, Endpoint& endpoint) {
  if (host.size() < 2) return false;
  for (const char c : host) {
    if (!is_char(c, kHexDigit) && c != ':' && c != '.') return false;
    endpoint.host.push_back(to_lower(c));
  }
  endpoint.ipv6 = true;
  return true;
}

bool take_port(std::string_view digits, Endpoint& endpoint) {
  if (digits.empty() || digits.size() > 5 || !all_chars(digits, kDigit)) return false;
  unsigned port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (port == 0 || port > 65535) return false;
  endpoint.port = static_cast<std::uint16_t>(port);
  return true;
}

bool take_authority(std::string_view authority, Endpoint& endpoint) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos || !take_ipv6(authority.substr(1, close - 1), endpoint)) return false;
    rest = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    if (!take_name(authority.substr(0, colon), endpoint)) return false;
    if (colon != std::string_view::npos) rest = authority.substr(colon);
  }
  if (rest.empty()) return true;
  return rest.front() == ':' && take_port(rest.substr(1), endpoint);
}

}  // namespace

std::string Endpoint::authority() const {
  std::string text = ipv6 ? "[" + host + "]" : host;
  if (port != (secure ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

std::optional<Endpoint> parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  if (url.size() > kMaxUrl || !take_scheme(url, endpoint)) return std::nullopt;
  const std::size_t end = url.find_first_of("/?");
  if (!take_authority(url.substr(0, end), endpoint)) return std::nullopt;
  const std::string_view target = end == std::string_view::npos ? std::string_view() : url.substr(end);
  // The class leaves out '#': a fragment never travels.
  if (!all_chars(target, kTargetChar) || target.find('\\') != std::string_view::npos) return std::nullopt;
  if (!target.starts_with('/')) endpoint.target = "/";
  endpoint.target += target;
  return endpoint;
}

}  // namespace embergate::http
