// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/url.hpp"

#include "embergate/core/text.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace {

// Cuts `text` at the first `separator`: what stands before it, and in `text` what stands behind. False when that was
// the last piece.
bool take_piece(std::string_view& text, char separator, std::string_view& piece) {
  const std::size_t at = text.find(separator);
  piece = text.substr(0, at);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + 1);
  return true;
}

bool add_parameter(std::string_view piece, Target& target) {
  if (piece.empty()) return true;
  const std::size_t equals = piece.find('=');
  auto name = percent_decode(piece.substr(0, equals), true);
  auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1), true);
  if (!name || !value) return false;
  target.query.emplace_back(std::move(*name), std::move(*value));
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    decoded.push_back(c);
  }
  if (!core::is_utf8(decoded)) return std::nullopt;
  return decoded;
}

std::optional<Target> parse_target(std::string_view target) {
  const std::size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);

  Target parsed;
  std::string_view piece;
  // "/" alone has no segments; "/a/" ends with an empty one, so that it is not "/a".
  for (bool more = !path.empty(); more;) {
    more = take_piece(path, '/', piece);
    auto segment = percent_decode(piece, false);
    if (!segment) return std::nullopt;
    parsed.segments.push_back(std::move(*segment));
  }
  if (question == std::string_view::npos) return parsed;
  std::string_view query = target.substr(question + 1);
  for (bool more = true; more;) {
    more = take_piece(query, '&', piece);
    if (!add_parameter(piece, parsed)) return std::nullopt;
  }
  return parsed;
}

}  // namespace embergate::http
