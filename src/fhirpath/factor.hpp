// SPDX-License-Identifier: Apache-2.0
// Exact factors between units: a fraction and a power of ten. Thread: plain values. Failure: a product that is too
// large to be exact is rounded to 18 digits; powers of ten beyond kMostTen give nullopt.
#pragma once

#include <cstdint>
#include <optional>

#include "fhirpath/decimal.hpp"

namespace embergate::fhirpath {

struct Factor {  // numerator / denominator * 10^ten; both positive
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;
  int ten = 0;
};
inline constexpr int kMostTen = 150;

std::optional<Factor> multiply(const Factor& left, const Factor& right);
Factor inverse(const Factor& factor);
// value * factor; nullopt when it does not fit.
std::optional<Decimal> scaled(const Decimal& value, const Factor& factor);
// Compares left * factor with right, exactly: -1, 0, 1.
int compare_scaled(const Decimal& left, const Factor& factor, const Decimal& right);

}  // namespace embergate::fhirpath
