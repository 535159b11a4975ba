// SPDX-License-Identifier: Apache-2.0
#include "vault/token_times.hpp"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace embergate::vault {
namespace {

using nlohmann::json;

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

// Base64url without padding; empty when it is none.
std::string decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return {};
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU);
  }
  return bytes;
}

// Only numbers at the top level are looked at, so the claims never become a tree that no one wipes.
class Claims final : public nlohmann::json_sax<json> {
 public:
  Validity validity;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t number) override { return take(static_cast<double>(number)); }
  bool number_unsigned(number_unsigned_t number) override { return take(static_cast<double>(number)); }
  bool number_float(number_float_t number, const string_t&) override { return take(number); }
  bool string(string_t& text) override {
    wipe(text);
    return true;
  }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ < kMaxDepth; }
  bool key(string_t& name) override {
    key_ = depth_ != 1 ? Key::kOther : name == "exp" ? Key::kEnd : name == "nbf" ? Key::kBegin : Key::kOther;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    key_ = Key::kOther;
    return ++depth_ < kMaxDepth;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  enum class Key { kOther, kBegin, kEnd };
  static constexpr int kMaxDepth = 16;

  bool take(double seconds) {
    constexpr double kMaxSeconds = 253'402'300'799.0;  // the year 9999
    if (depth_ != 1 || key_ == Key::kOther || !(seconds >= 0 && seconds <= kMaxSeconds)) return true;
    const core::SystemTime time{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
    (key_ == Key::kEnd ? validity.not_after : validity.not_before) = time;
    return true;
  }

  int depth_ = 0;
  Key key_ = Key::kOther;
};

}  // namespace

Validity times_of_token(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return {};
  auto claims = decoded(token.substr(first + 1, second - first - 1));
  Claims reader;
  const bool read = json::sax_parse(claims, &reader);
  wipe(claims);
  return read ? reader.validity : Validity{};
}

}  // namespace embergate::vault
