// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "embergate/core/ascii.hpp"
#include "embergate/vault/target_policy.hpp"

namespace embergate::vault {
namespace {

using core::lower;

constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxUrl = 8'192;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.'; }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// One number of an IPv4 address as inet_aton reads it: 0x hexadecimal, 0 octal, else decimal.
std::optional<std::uint64_t> address_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
    if (text.empty()) return 0;
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string dotted(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24U, address >> 16U & 0xFFU, address >> 8U & 0xFFU, address & 0xFFU);
}

// Whether a resolver would take the text for an IPv4 address: its last label is a number.
bool ends_in_a_number(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);
  return !last.empty() &&
         (std::all_of(last.begin(), last.end(), is_digit) || (last.starts_with("0x") && address_number(last)));
}

// "127.1", "0x7f000001" and "017700000001" are the same host as "127.0.0.1". Empty: not an address.
std::string normal_ipv4(std::string_view host) {
  const auto labels = split(host, '.');
  if (labels.size() > 4) return {};
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto number = address_number(labels[i]);
    const bool last = i + 1 == labels.size();
    const std::uint64_t most = last ? (std::uint64_t{1} << (8 * (5 - labels.size()))) - 1 : 255;
    if (!number || *number > most) return {};
    address += last ? *number : *number << (8 * (3 - i));
  }
  return dotted(static_cast<std::uint32_t>(address));
}

std::string normal_ipv6(std::string_view inside) {
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, std::string(inside).c_str(), bytes.data()) != 1) return {};
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    std::uint32_t address = 0;
    std::memcpy(&address, bytes.data() + 12, sizeof address);
    return dotted(ntohl(address));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return fmt::format("[{}]", text.data());
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

struct Split {
  std::string_view host;
  std::optional<std::string_view> port;
};

std::optional<Split> split_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return Split{text, std::nullopt};
    if (rest.front() != ':') return std::nullopt;
    return Split{text.substr(0, close + 1), rest.substr(1)};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return Split{text, std::nullopt};
  return Split{text.substr(0, colon), text.substr(colon + 1)};
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

// What a server that decodes before it splits the path would take for a separator or for "." and "..".
bool could_be_structure(char c) { return c == '/' || c == '\\' || c == '.'; }

// "..;x" is ".." to servers that cut parameters of a segment off (RFC 3986 3.3).
bool is_dotted_with_parameters(std::string_view segment) {
  const auto name = segment.substr(0, segment.find(';'));
  return name.size() != segment.size() && (name == "." || name == "..");
}

// Escapes of plain characters are undone ("%69" is "i"). An escape that a server may read as part of the path's
// structure is refused, since no one knows what that server decodes first (S-08).
std::optional<std::string> plain_segment(std::string_view segment) {
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      out += segment[i];
      continue;
    }
    const int high = i + 2 < segment.size() ? hex_value(segment[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(segment[i + 2]);
    if (low < 0) return std::nullopt;
    const char c = static_cast<char>(high * 16 + low);
    if (could_be_structure(c)) return std::nullopt;
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    i += 2;
  }
  return out;
}

std::optional<std::string> normal_path(std::string_view path) {
  std::vector<std::string> segments;
  for (const auto part : split(path, '/')) {
    auto segment = plain_segment(part);
    if (!segment || is_dotted_with_parameters(*segment)) return std::nullopt;
    if (*segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment->empty() && *segment != ".") {
      segments.push_back(*std::move(segment));
    }
  }
  std::string out = "/";
  for (const auto& segment : segments) out += segment + "/";
  return out;
}

}  // namespace

std::string normal_host(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']') ? normal_ipv6(host.substr(1, host.size() - 2)) : std::string();
  auto name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > kMaxHost || !std::all_of(name.begin(), name.end(), is_name_char)) return {};
  if (ends_in_a_number(name)) return normal_ipv4(name);
  const auto labels = split(name, '.');
  const bool well = std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-';
  });
  return well ? name : std::string();
}

std::string normal_server(std::string_view server) {
  const auto parts = split_authority(server);
  if (!parts || !parts->port) return {};
  const auto host = normal_host(parts->host);
  const auto port = port_of(*parts->port);
  return host.empty() || !port ? std::string() : fmt::format("{}:{}", host, *port);
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && ends_in_a_number(host));
}

std::optional<NormalUrl> normal_url(std::string_view url) {
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7F || c == '\\'; };
  if (url.size() > kMaxUrl || std::any_of(url.begin(), url.end(), is_bad)) return std::nullopt;
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const auto scheme = lower(url.substr(0, scheme_end));
  if (scheme != "https" && scheme != "http") return std::nullopt;
  auto rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto authority = rest.substr(0, slash);
  // What stands before an @ looks like the host to a reader, and is none.
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  const auto parts = split_authority(authority);
  if (!parts) return std::nullopt;
  NormalUrl normal;
  normal.tls = scheme == "https";
  normal.host = normal_host(parts->host);
  const auto port = parts->port && !parts->port->empty() ? port_of(*parts->port)
                                                         : std::optional<std::uint16_t>(normal.tls ? 443 : 80);
  auto path = normal_path(rest.substr(slash));
  if (normal.host.empty() || !port || !path) return std::nullopt;
  normal.port = *port;
  normal.path = *std::move(path);
  return normal;
}

}  // namespace embergate::vault
