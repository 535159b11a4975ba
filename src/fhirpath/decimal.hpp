// SPDX-License-Identifier: Apache-2.0
// Exact decimal numbers: a 127-bit mantissa and the number of digits after the point, kept as written (1.0 stays 1.0).
// Thread: plain values. Failure: what does not fit gives nullopt, which the language turns into an empty collection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace embergate::fhirpath {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

struct Decimal {
  Int128 mantissa = 0;
  int scale = 0;  // digits after the point, 0..kMaxScale

  static constexpr int kMaxScale = 37;
  static Decimal from_integer(std::int64_t value) { return {value, 0}; }
  // "[+-]digits[.digits][e[+-]digits]": the forms of JSON numbers and of strings that convert. nullopt: no such form,
  // or too large.
  static std::optional<Decimal> parse(std::string_view text);
  // Of a computed (transcendental) result: 16 significant digits.
  static std::optional<Decimal> from_real(long double value);

  [[nodiscard]] bool is_zero() const { return mantissa == 0; }
  [[nodiscard]] bool is_negative() const { return mantissa < 0; }
  [[nodiscard]] Decimal normalized() const;                           // trailing zeros after the point dropped
  [[nodiscard]] std::optional<Decimal> with_scale(int digits) const;  // zeros added, or rounded half away from zero
  [[nodiscard]] Decimal truncated() const;                            // integer part
  [[nodiscard]] std::optional<std::int64_t> to_integer() const;       // only when integral and 64-bit
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] long double to_real() const;
};

int compare(const Decimal& left, const Decimal& right);  // -1, 0, 1
std::optional<Decimal> add(const Decimal& left, const Decimal& right);
std::optional<Decimal> subtract(const Decimal& left, const Decimal& right);
std::optional<Decimal> multiply(const Decimal& left, const Decimal& right);
std::optional<Decimal> divide(const Decimal& left, const Decimal& right);  // 24 significant digits; nullopt: divisor 0
struct Quotient {
  Decimal quotient;   // truncated towards zero
  Decimal remainder;  // sign of the dividend
};
std::optional<Quotient> divide_integral(const Decimal& left, const Decimal& right);
Decimal negate(const Decimal& value);
// Equality of `~`: both rounded to the smaller number of decimals, trailing zeros not counted.
bool equivalent(const Decimal& left, const Decimal& right);

}  // namespace embergate::fhirpath
