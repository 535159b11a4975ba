// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/decimal.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace embergate::fhirpath {
namespace {

constexpr int kMaxDigits = 38;
constexpr int kQuotientDigits = 24;

const std::array<Int128, kMaxDigits + 1>& powers() {
  static const std::array<Int128, kMaxDigits + 1> table = [] {
    std::array<Int128, kMaxDigits + 1> values{};
    values[0] = 1;
    for (std::size_t i = 1; i < values.size(); ++i) values[i] = values[i - 1] * 10;
    return values;
  }();
  return table;
}

Int128 power_of_ten(int exponent) { return powers()[static_cast<std::size_t>(exponent)]; }

UInt128 magnitude(Int128 value) { return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value); }

std::optional<Int128> scaled_up(Int128 mantissa, int digits) {
  if (mantissa == 0) return Int128{0};
  if (digits > kMaxDigits) return std::nullopt;
  Int128 result = 0;
  if (__builtin_mul_overflow(mantissa, power_of_ten(digits), &result)) return std::nullopt;
  return result;
}

// Drops `digits` digits, rounding half away from zero.
Int128 scaled_down(Int128 mantissa, int digits) {
  if (digits > kMaxDigits) return 0;
  const Int128 divisor = power_of_ten(digits);
  Int128 quotient = mantissa / divisor;
  const UInt128 rest = magnitude(mantissa % divisor);
  if (rest >= static_cast<UInt128>(divisor) - rest) quotient += mantissa < 0 ? -1 : 1;
  return quotient;
}

struct Digits {
  Int128 mantissa = 0;
  int scale = 0;
  bool round_up = false;  // first dropped digit was 5 or more
  bool dropped = false;
};

// Reads "digits[.digits]"; digits after the point that do not fit are dropped. nullopt: malformed or too many before
// the point.
std::optional<Digits> read_digits(std::string_view text) {
  Digits result;
  bool after_point = false;
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (after_point || !any || i + 1 == text.size()) return std::nullopt;
      after_point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    any = true;
    if (result.dropped) continue;
    Int128 next = 0;
    const bool fits = !(after_point && result.scale >= Decimal::kMaxScale) &&
                      !__builtin_mul_overflow(result.mantissa, Int128{10}, &next) &&
                      !__builtin_add_overflow(next, Int128{c - '0'}, &next);
    if (!fits) {
      if (!after_point) return std::nullopt;
      result.dropped = true;
      result.round_up = c >= '5';
      continue;
    }
    result.mantissa = next;
    if (after_point) ++result.scale;
  }
  if (!any) return std::nullopt;
  if (result.round_up && __builtin_add_overflow(result.mantissa, Int128{1}, &result.mantissa)) return std::nullopt;
  return result;
}

std::optional<int> read_exponent(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(value * 10 + (c - '0'), 100'000);
  }
  return negative ? -value : value;
}

std::optional<Decimal> shifted(Int128 mantissa, int scale, int exponent) {
  scale -= exponent;
  if (scale < 0) {
    const auto scaled = scaled_up(mantissa, -scale);
    if (!scaled) return std::nullopt;
    return Decimal{*scaled, 0};
  }
  if (scale > Decimal::kMaxScale) {
    mantissa = scaled_down(mantissa, scale - Decimal::kMaxScale);
    scale = Decimal::kMaxScale;
  }
  return Decimal{mantissa, scale};
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  int exponent = 0;
  if (const std::size_t mark = text.find_first_of("eE"); mark != std::string_view::npos) {
    const auto read = read_exponent(text.substr(mark + 1));
    if (!read) return std::nullopt;
    exponent = *read;
    text = text.substr(0, mark);
  }
  const auto digits = read_digits(text);
  if (!digits) return std::nullopt;
  return shifted(negative ? -digits->mantissa : digits->mantissa, digits->scale, exponent);
}

std::optional<Decimal> Decimal::from_real(long double value) {
  if (!std::isfinite(value)) return std::nullopt;
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.15Le", value);
  const auto parsed = parse(buffer.data());
  if (!parsed) return std::nullopt;
  return parsed->normalized();
}

Decimal Decimal::normalized() const {
  Decimal result = *this;
  while (result.scale > 0 && result.mantissa % 10 == 0) {
    result.mantissa /= 10;
    --result.scale;
  }
  return result;
}

std::optional<Decimal> Decimal::with_scale(int digits) const {
  if (digits < scale) return Decimal{scaled_down(mantissa, scale - digits), digits};
  const auto scaled = scaled_up(mantissa, digits - scale);
  if (!scaled) return std::nullopt;
  return Decimal{*scaled, digits};
}

Decimal Decimal::truncated() const { return {mantissa / power_of_ten(scale), 0}; }

std::optional<std::int64_t> Decimal::to_integer() const {
  const Decimal whole = normalized();
  if (whole.scale != 0 || whole.mantissa > INT64_MAX || whole.mantissa < INT64_MIN) return std::nullopt;
  return static_cast<std::int64_t>(whole.mantissa);
}

std::string Decimal::to_string() const {
  std::string digits;
  UInt128 rest = magnitude(mantissa);
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  while (static_cast<int>(digits.size()) <= scale) digits.push_back('0');
  if (mantissa < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
  return digits;
}

long double Decimal::to_real() const {
  return static_cast<long double>(mantissa) / static_cast<long double>(power_of_ten(scale));
}

int compare(const Decimal& left, const Decimal& right) {
  const auto sign = [](Int128 value) { return value < 0 ? -1 : (value > 0 ? 1 : 0); };
  if (left.scale == right.scale) {
    if (left.mantissa == right.mantissa) return 0;
    return left.mantissa < right.mantissa ? -1 : 1;
  }
  if (left.scale > right.scale) return -compare(right, left);
  const auto scaled = scaled_up(left.mantissa, right.scale - left.scale);
  if (!scaled) return sign(left.mantissa);  // larger than anything of the other scale
  if (*scaled == right.mantissa) return 0;
  return *scaled < right.mantissa ? -1 : 1;
}

std::optional<Decimal> add(const Decimal& left, const Decimal& right) {
  const int scale = std::max(left.scale, right.scale);
  const auto a = scaled_up(left.mantissa, scale - left.scale);
  const auto b = scaled_up(right.mantissa, scale - right.scale);
  Int128 sum = 0;
  if (!a || !b || __builtin_add_overflow(*a, *b, &sum)) return std::nullopt;
  return Decimal{sum, scale};
}

Decimal negate(const Decimal& value) { return {-value.mantissa, value.scale}; }

std::optional<Decimal> subtract(const Decimal& left, const Decimal& right) { return add(left, negate(right)); }

std::optional<Decimal> multiply(const Decimal& left, const Decimal& right) {
  Int128 product = 0;
  if (!__builtin_mul_overflow(left.mantissa, right.mantissa, &product))
    return shifted(product, left.scale + right.scale, 0);
  const Decimal a = left.normalized();
  const Decimal b = right.normalized();
  if (__builtin_mul_overflow(a.mantissa, b.mantissa, &product)) return std::nullopt;
  return shifted(product, a.scale + b.scale, 0);
}

std::optional<Decimal> divide(const Decimal& left, const Decimal& right) {
  if (right.is_zero()) return std::nullopt;
  UInt128 dividend = magnitude(left.mantissa);
  UInt128 divisor = magnitude(right.mantissa);
  int scale = left.scale - right.scale;
  const UInt128 room = magnitude(power_of_ten(37));
  if (divisor >= room) {  // keeps rest * 10 in range; costs the last digits of a divisor of 38
    divisor /= 100;
    dividend /= 100;
  }
  UInt128 quotient = dividend / divisor;
  UInt128 rest = dividend % divisor;
  int digits = 0;
  for (UInt128 value = quotient; value != 0; value /= 10) ++digits;
  while (rest != 0 && digits < kQuotientDigits && scale < Decimal::kMaxScale) {
    rest *= 10;
    quotient = quotient * 10 + rest / divisor;
    rest %= divisor;
    ++scale;
    if (quotient != 0) ++digits;
  }
  if (rest != 0 && rest >= divisor - rest) ++quotient;
  const bool negative = left.is_negative() != right.is_negative();
  const Int128 mantissa = negative ? -static_cast<Int128>(quotient) : static_cast<Int128>(quotient);
  const auto result = shifted(mantissa, scale, 0);
  if (!result) return std::nullopt;
  return result->normalized();
}

std::optional<Quotient> divide_integral(const Decimal& left, const Decimal& right) {
  if (right.is_zero()) return std::nullopt;
  const int scale = std::max(left.scale, right.scale);
  const auto a = scaled_up(left.mantissa, scale - left.scale);
  const auto b = scaled_up(right.mantissa, scale - right.scale);
  if (!a || !b) return std::nullopt;
  return Quotient{Decimal{*a / *b, 0}, Decimal{*a % *b, scale}};
}

bool equivalent(const Decimal& left, const Decimal& right) {
  const Decimal a = left.normalized();
  const Decimal b = right.normalized();
  const int scale = std::min(a.scale, b.scale);
  const auto rounded_a = a.with_scale(scale);
  const auto rounded_b = b.with_scale(scale);
  return rounded_a && rounded_b && compare(*rounded_a, *rounded_b) == 0;
}

}  // namespace embergate::fhirpath
