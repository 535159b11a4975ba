// SPDX-License-Identifier: Apache-2.0
#include "delivery/bootstrap_servers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "embergate/vault/target_policy.hpp"

namespace embergate::delivery {
namespace {

constexpr std::size_t kMaxServers = 64;

// As Java's String.trim() and its pattern \s, which differ in control characters that stand in no host name.
std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// [0-9a-zA-Z\-%._]*:// in front
std::string_view without_scheme(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos) return text;
  const auto scheme = text.substr(0, end);
  const bool is_scheme = std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '%' || c == '.' || c == '_';
  });
  return is_scheme ? text.substr(end + 3) : text;
}

// An address with a zone, such as fe80::1%eth0, is one of this machine's links; pins cannot name it.
std::string zoned(std::string_view host) {
  const auto zone = host.find('%');
  if (zone == std::string_view::npos || zone + 1 == host.size()) return {};
  const auto address = vault::normal_host(fmt::format("[{}]", host.substr(0, zone)));
  if (!address.starts_with('[')) return {};
  return fmt::format("{}{}]", address.substr(0, address.size() - 1), host.substr(zone));
}

// One host:port, empty when it is none.
std::string normal_server(std::string_view text) {
  text = without_scheme(text);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  auto host = text.substr(0, colon);
  if (host.starts_with('[')) host.remove_prefix(1);
  if (host.ends_with(']')) host.remove_suffix(1);
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  const auto plain = vault::normal_host(is_ipv6 ? fmt::format("[{}]", host) : std::string(host));
  const auto normal = plain.empty() && is_ipv6 ? zoned(host) : plain;
  if (normal.empty()) return {};
  // The port by the same rules as everywhere.
  const auto port = vault::normal_server(fmt::format("h:{}", text.substr(colon + 1)));
  return port.empty() ? std::string() : fmt::format("{}{}", normal, port.substr(1));
}

}  // namespace

core::Result<std::string> normal_bootstrap_servers(std::string_view list) {
  std::set<std::string> servers;
  std::string_view rest = trim(list);
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    more = comma != std::string_view::npos;
    const auto one = trim(rest.substr(0, comma));
    rest.remove_prefix(more ? comma + 1 : rest.size());
    auto server = normal_server(one);
    if (server.empty()) {
      return core::make_error(
          core::ErrorCode::kInvalid,
          fmt::format("bootstrapServers must be a list like \"broker-1:9092,broker-2:9092\"; \"{}\" is not host:port",
                      one));
    }
    servers.insert(std::move(server));
  }
  if (servers.size() > kMaxServers) {
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("bootstrapServers has more than {} entries", kMaxServers));
  }
  return fmt::format("{}", fmt::join(servers, ","));
}

}  // namespace embergate::delivery
