// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "http/networks.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace {

namespace asio = boost::asio;
using MaybeAddress = std::optional<asio::ip::address>;

MaybeAddress address_of(std::string_view text) {
  // A zone belongs to the machine that wrote it.
  if (text.empty() || text.size() > 45 || text.find('%') != std::string_view::npos) return std::nullopt;
  boost::system::error_code failure;
  const auto address = asio::ip::make_address(std::string(text), failure);
  if (failure) return std::nullopt;
  return plain_address(address);
}

// RFC 7239 6: a number, or a name that starts with an underscore.
bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 32) return false;
  if (port.front() != '_') return port.size() <= 5 && all_chars(port, kDigit);
  return std::all_of(port.begin(), port.end(), [](char c) { return is_char(c, kTokenChar); });
}

// RFC 7239 6 `node`; IPv6 without brackets is what many write into X-Forwarded-For.
MaybeAddress node(std::string_view text, bool bare_v6) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
    const std::string_view inside = text.substr(1, close - 1);
    return inside.find(':') == std::string_view::npos ? std::nullopt : address_of(inside);
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return address_of(text);
  if (text.find(':', colon + 1) != std::string_view::npos) return bare_v6 ? address_of(text) : std::nullopt;
  return is_port(text.substr(colon + 1)) ? address_of(text.substr(0, colon)) : std::nullopt;
}

// One line of `Forwarded`, strictly: what does not fit the grammar may hide where one hop ends.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  std::optional<Hops> read() {
    Hops hops;
    while (true) {
      skip_space();
      if (rest_.empty()) return hops;
      if (take(',')) continue;
      if (!element(hops)) return std::nullopt;
      skip_space();
      if (!rest_.empty() && !take(',')) return std::nullopt;
    }
  }

 private:
  bool element(Hops& hops) {
    MaybeAddress found;
    bool has_for = false;
    do {
      skip_space();
      const std::string_view name = token();
      std::string value;
      if (name.empty() || !take('=') || !read_value(value)) return false;
      if (equal_ignoring_case(name, "for")) {
        if (has_for) return false;
        has_for = true;
        found = node(value, false);
      }
      skip_space();
    } while (take(';'));
    hops.push_back(found);
    return true;
  }

  bool read_value(std::string& value) {
    if (!take('"')) {
      value = token();
      return !value.empty();
    }
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return false;
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    return take('"');
  }

  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_char(rest_[size], kTokenChar)) ++size;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_space() {
    while (rest_.starts_with(' ') || rest_.starts_with('\t')) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Hops> forwarded_hops(const std::vector<Header>& headers) {
  std::optional<Hops> hops;
  for (const Header& field : headers) {
    if (!equal_ignoring_case(field.name, "Forwarded")) continue;
    if (!hops) hops.emplace();
    const auto line = Line(field.value).read();
    if (line) {
      hops->insert(hops->end(), line->begin(), line->end());
    } else {
      hops->emplace_back();
    }
  }
  return hops;
}

std::optional<Hops> x_forwarded_for_hops(const std::vector<Header>& headers) {
  std::optional<Hops> hops;
  for (const Header& field : headers) {
    if (!equal_ignoring_case(field.name, "X-Forwarded-For")) continue;
    if (!hops) hops.emplace();
    std::string_view rest = field.value;
    while (true) {
      const std::size_t comma = rest.find(',');
      hops->push_back(node(trim(rest.substr(0, comma)), true));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return hops;
}

}  // namespace embergate::http
