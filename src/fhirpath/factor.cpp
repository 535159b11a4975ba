// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/factor.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace embergate::fhirpath {
namespace {

constexpr std::uint64_t kTenTo18 = 1'000'000'000'000'000'000;

struct Rounded {
  std::int64_t value;
  int ten;
};

// At most 18 digits of a product, and the power of ten that was cut off.
Rounded fitted(UInt128 value) {
  int ten = 0;
  while (value % 10 == 0) {
    value /= 10;
    ++ten;
  }
  while (value > static_cast<UInt128>(INT64_MAX)) {
    value = (value + 5) / 10;
    ++ten;
  }
  return {static_cast<std::int64_t>(value), ten};
}

UInt128 magnitude(Int128 value) { return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value); }

// An unsigned number of 768 bits: room for 127 + 63 bits and all powers of ten that can meet here.
class Wide {
 public:
  explicit Wide(UInt128 value) : words_{static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64U)} {}

  void multiply(std::uint64_t by) {
    std::uint64_t carry = 0;
    for (std::uint64_t& word : words_) {
      const UInt128 product = static_cast<UInt128>(word) * by + carry;
      word = static_cast<std::uint64_t>(product);
      carry = static_cast<std::uint64_t>(product >> 64U);
    }
  }
  void multiply_by_ten_to(int power) {
    for (; power >= 18; power -= 18) multiply(kTenTo18);
    for (; power > 0; --power) multiply(10);
  }
  [[nodiscard]] int compare(const Wide& other) const {
    for (std::size_t i = words_.size(); i-- > 0;) {
      if (words_[i] != other.words_[i]) return words_[i] < other.words_[i] ? -1 : 1;
    }
    return 0;
  }

 private:
  std::array<std::uint64_t, 12> words_;
};

std::optional<Decimal> shifted(const Decimal& value, int ten) {
  Decimal result = value;
  result.scale -= ten;
  for (; result.scale < 0; ++result.scale) {
    if (__builtin_mul_overflow(result.mantissa, Int128{10}, &result.mantissa)) return std::nullopt;
  }
  // Zeros at the end may go; other digits beyond the scale are rounded away.
  while (result.scale > Decimal::kMaxScale) {
    const int digit = static_cast<int>(result.mantissa % 10);
    result.mantissa = result.mantissa / 10 + (digit >= 5 ? 1 : (digit <= -5 ? -1 : 0));
    --result.scale;
  }
  return result;
}

}  // namespace

std::optional<Factor> multiply(const Factor& left, const Factor& right) {
  const std::int64_t across = std::gcd(left.numerator, right.denominator);
  const std::int64_t back = std::gcd(right.numerator, left.denominator);
  const auto product = [](std::int64_t a, std::int64_t b) {
    return fitted(static_cast<UInt128>(a) * static_cast<UInt128>(b));
  };
  const Rounded above = product(left.numerator / across, right.numerator / back);
  const Rounded below = product(left.denominator / back, right.denominator / across);
  const int ten = left.ten + right.ten + above.ten - below.ten;
  if (ten > kMostTen || ten < -kMostTen || above.value == 0 || below.value == 0) return std::nullopt;
  return Factor{above.value, below.value, ten};
}

Factor inverse(const Factor& factor) { return {factor.denominator, factor.numerator, -factor.ten}; }

std::optional<Decimal> scaled(const Decimal& value, const Factor& factor) {
  if (value.is_zero()) return value;
  auto result = multiply(value.normalized(), Decimal::from_integer(factor.numerator));
  if (result && factor.denominator != 1) result = divide(*result, Decimal::from_integer(factor.denominator));
  return result ? shifted(*result, factor.ten) : std::nullopt;
}

int compare_scaled(const Decimal& left, const Factor& factor, const Decimal& right) {
  const int left_sign = left.is_zero() ? 0 : (left.is_negative() ? -1 : 1);
  const int right_sign = right.is_zero() ? 0 : (right.is_negative() ? -1 : 1);
  if (left_sign != right_sign || left_sign == 0) return left_sign < right_sign ? -1 : (left_sign > right_sign ? 1 : 0);
  Wide a(magnitude(left.mantissa));
  Wide b(magnitude(right.mantissa));
  a.multiply(static_cast<std::uint64_t>(factor.numerator));
  b.multiply(static_cast<std::uint64_t>(factor.denominator));
  const int shift = factor.ten - left.scale + right.scale;
  a.multiply_by_ten_to(std::max(shift, 0));
  b.multiply_by_ten_to(std::max(-shift, 0));
  return left_sign * a.compare(b);
}

}  // namespace embergate::fhirpath
