// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace embergate::fhirpath {
namespace {

constexpr int kMaxExponent = 20;
constexpr int kMaxUnitDepth = 8;
constexpr std::size_t kMaxUnitBytes = 128;
enum Dimension : std::size_t {
  kLength,
  kMass,
  kTime,
  kTemperature,
  kCharge,
  kLuminosity,
  kAngle,
  kAmount,
  kCalendarMonth
};

struct Atom {
  std::string_view code;
  std::string_view factor;
  std::array<std::int8_t, 9> dimensions;
  bool metric = false;
  std::string_view offset = {};
  std::string_view denominator = "1";
};

// Base units first. Dimension columns: m g s K C cd rad mol month.
constexpr Atom kAtoms[] = {
    {"m", "1", {1}, true},
    {"g", "1", {0, 1}, true},
    {"s", "1", {0, 0, 1}, true},
    {"K", "1", {0, 0, 0, 1}, true},
    {"C", "1", {0, 0, 0, 0, 1}, true},
    {"cd", "1", {0, 0, 0, 0, 0, 1}, true},
    {"rad", "1", {0, 0, 0, 0, 0, 0, 1}, true},
    {"mol", "1", {0, 0, 0, 0, 0, 0, 0, 1}, true},
    {"%", "0.01", {}},
    {"[ppth]", "0.001", {}},
    {"[ppm]", "0.000001", {}},
    {"[pi]", "3.1415926535897932384626433832795", {}},
    {"min", "60", {0, 0, 1}},
    {"h", "3600", {0, 0, 1}},
    {"d", "86400", {0, 0, 1}},
    {"wk", "604800", {0, 0, 1}},
    {"mo", "2629800", {0, 0, 1}},
    {"mo_j", "2629800", {0, 0, 1}},
    {"mo_g", "2629746", {0, 0, 1}},
    {"a", "31557600", {0, 0, 1}},
    {"a_j", "31557600", {0, 0, 1}},
    {"a_g", "31556952", {0, 0, 1}},
    {"L", "0.001", {3}, true},
    {"l", "0.001", {3}, true},
    {"t", "1000000", {0, 1}, true},
    {"u", "0.00000000000000000000000166054", {0, 1}, true},
    {"Hz", "1", {0, 0, -1}, true},
    {"N", "1000", {1, 1, -2}, true},
    {"Pa", "1000", {-1, 1, -2}, true},
    {"bar", "100000000", {-1, 1, -2}, true},
    {"atm", "101325000", {-1, 1, -2}},
    {"m[Hg]", "133322000", {-1, 1, -2}, true},
    {"m[H2O]", "9806650", {-1, 1, -2}, true},
    {"J", "1000", {2, 1, -2}, true},
    {"eV", "0.000000000000000160217733", {2, 1, -2}, true},
    {"W", "1000", {2, 1, -3}, true},
    {"A", "1", {0, 0, -1, 0, 1}, true},
    {"V", "1000", {2, 1, -2, 0, -1}, true},
    {"Ohm", "1000", {2, 1, -1, 0, -2}, true},
    {"F", "0.001", {-2, -1, 2, 0, 2}, true},
    {"lm", "1", {0, 0, 0, 0, 0, 1}, true},
    {"lx", "1", {-2, 0, 0, 0, 0, 1}, true},
    {"Bq", "1", {0, 0, -1}, true},
    {"Gy", "1", {2, 0, -2}, true},
    {"Sv", "1", {2, 0, -2}, true},
    {"kat", "1", {0, 0, -1, 0, 0, 0, 0, 1}, true},
    {"U", "0.000001", {0, 0, -1, 0, 0, 0, 0, 1}, true, {}, "60"},
    {"eq", "1", {0, 0, 0, 0, 0, 0, 0, 1}, true},
    {"osm", "1", {0, 0, 0, 0, 0, 0, 0, 1}, true},
    {"cal", "4184", {2, 1, -2}, true},
    {"[Cal]", "4184000", {2, 1, -2}},
    {"deg", "3.1415926535897932384626433832795", {0, 0, 0, 0, 0, 0, 1}, false, {}, "180"},
    {"[in_i]", "0.0254", {1}},
    {"[ft_i]", "0.3048", {1}},
    {"[yd_i]", "0.9144", {1}},
    {"[mi_i]", "1609.344", {1}},
    {"[in_us]", "100", {1}, false, {}, "3937"},
    {"[ft_us]", "1200", {1}, false, {}, "3937"},
    {"[lb_av]", "453.59237", {0, 1}},
    {"[oz_av]", "28.349523125", {0, 1}},
    {"[gr]", "0.06479891", {0, 1}},
    {"[gal_us]", "0.003785411784", {3}},
    {"[qt_us]", "0.000946352946", {3}},
    {"[pt_us]", "0.000473176473", {3}},
    {"[cup_us]", "0.0002365882365", {3}},
    {"[foz_us]", "0.0000295735295625", {3}},
    {"[tbs_us]", "0.00001478676478125", {3}},
    {"[tsp_us]", "0.00000492892159375", {3}},
    {"[diop]", "1", {-1}},
    {"Cel", "1", {0, 0, 0, 1}, true, "273.15"},
    {"[degF]", "5", {0, 0, 0, 1}, false, "459.67", "9"},
};

struct Prefix {
  std::string_view code;
  int exponent;
};
constexpr Prefix kPrefixes[] = {{"da", 1}, {"Y", 24},  {"Z", 21},  {"E", 18},  {"P", 15},  {"T", 12}, {"G", 9},
                                {"M", 6},  {"k", 3},   {"h", 2},   {"d", -1},  {"c", -2},  {"m", -3}, {"u", -6},
                                {"n", -9}, {"p", -12}, {"f", -15}, {"a", -18}, {"z", -21}, {"y", -24}};

const Atom* find_atom(std::string_view code) {
  const auto* found =
      std::find_if(std::begin(kAtoms), std::end(kAtoms), [&](const Atom& atom) { return atom.code == code; });
  return found == std::end(kAtoms) ? nullptr : found;
}

Decimal ten_to(int exponent) {
  Decimal result{1, 0};
  for (int i = 0; i < std::abs(exponent); ++i) result.mantissa *= 10;
  if (exponent < 0) result = Decimal{1, -exponent};
  return result;
}

std::optional<Measure> combine(const Measure& left, const Measure& right, bool divide) {
  if (left.special || right.special) return std::nullopt;
  Measure result;
  const auto numerator = multiply(left.numerator, divide ? right.denominator : right.numerator);
  const auto denominator = multiply(left.denominator, divide ? right.numerator : right.denominator);
  if (!numerator || !denominator) return std::nullopt;
  result.numerator = numerator->normalized();
  result.denominator = denominator->normalized();
  for (std::size_t i = 0; i < result.dimensions.size(); ++i) {
    const int sum = left.dimensions[i] + (divide ? -right.dimensions[i] : right.dimensions[i]);
    if (sum > 100 || sum < -100) return std::nullopt;
    result.dimensions[i] = static_cast<std::int8_t>(sum);
  }
  return result;
}

// UCUM: term = component {("." | "/") component}; component = atom[exponent] | number | "(" term ")"; {annotation}
// counts as 1.
class UnitParser {
 public:
  explicit UnitParser(std::string_view text) : rest_(text) {}

  std::optional<Measure> parse() {
    if (rest_.empty() || rest_.size() > kMaxUnitBytes) return std::nullopt;
    auto result = term(0);
    if (!rest_.empty()) return std::nullopt;
    return result;
  }

 private:
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<Measure> term(int depth) {
    if (depth > kMaxUnitDepth) return std::nullopt;
    std::optional<Measure> result = Measure{};
    if (take('/')) {
      const auto first = component(depth);
      if (!first) return std::nullopt;
      result = combine(*result, *first, true);
    } else {
      result = component(depth);
    }
    while (result && !rest_.empty() && (rest_.front() == '.' || rest_.front() == '/')) {
      const bool divides = rest_.front() == '/';
      rest_.remove_prefix(1);
      const auto next = component(depth);
      if (!next) return std::nullopt;
      result = combine(*result, *next, divides);
    }
    return result;
  }

  bool skip_annotation() {
    if (!take('{')) return false;
    const std::size_t end = rest_.find('}');
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return true;
  }

  std::optional<Measure> component(int depth) {
    if (take('(')) {
      auto inner = term(depth + 1);
      if (!inner || !take(')')) return std::nullopt;
      return inner;
    }
    if (skip_annotation()) return Measure{};
    const std::size_t length = std::min(rest_.find_first_of("./(){"), rest_.size());
    const std::string_view symbol = rest_.substr(0, length);
    rest_.remove_prefix(length);
    auto result = factor(symbol);
    skip_annotation();
    return result;
  }

  static std::optional<Measure> factor(std::string_view symbol) {
    if (symbol.empty()) return std::nullopt;
    for (const std::string_view ten : {std::string_view("10*"), std::string_view("10^")}) {
      if (!symbol.starts_with(ten)) continue;
      const auto exponent = read_exponent(symbol.substr(3), 1);
      if (!exponent) return std::nullopt;
      Measure result;
      result.numerator = ten_to(*exponent);
      return result;
    }
    if (symbol.find_first_not_of("0123456789") == std::string_view::npos) {
      const auto number = Decimal::parse(symbol);
      if (!number || number->is_zero()) return std::nullopt;
      Measure result;
      result.numerator = *number;
      return result;
    }
    std::size_t split = symbol.find_last_not_of("0123456789");
    if (symbol[split] == '+' || symbol[split] == '-') {
      if (split == 0) return std::nullopt;
      --split;
    }
    const auto exponent = read_exponent(symbol.substr(split + 1), 1);
    if (!exponent) return std::nullopt;
    return raised(symbol.substr(0, split + 1), *exponent);
  }

  static std::optional<int> read_exponent(std::string_view text, int absent) {
    if (text.empty()) return absent;
    const auto number = Decimal::parse(text);
    const auto value = number ? number->to_integer() : std::nullopt;
    if (!value || *value > kMaxExponent || *value < -kMaxExponent) return std::nullopt;
    return static_cast<int>(*value);
  }

  static std::optional<Measure> raised(std::string_view code, int exponent) {
    const auto one = atom(code);
    if (!one || exponent == 1) return one;
    std::optional<Measure> result = Measure{};
    for (int i = 0; result && i < std::abs(exponent); ++i) result = combine(*result, *one, exponent < 0);
    return result;
  }

  static std::optional<Measure> atom(std::string_view code) {
    int exponent = 0;
    const Atom* found = find_atom(code);
    for (const Prefix& prefix : kPrefixes) {
      if (found) break;
      if (!code.starts_with(prefix.code)) continue;
      found = find_atom(code.substr(prefix.code.size()));
      if (found && !found->metric) found = nullptr;
      exponent = prefix.exponent;
    }
    if (!found) return std::nullopt;
    Measure result;
    const auto numerator = multiply(*Decimal::parse(found->factor), ten_to(exponent));
    if (!numerator) return std::nullopt;
    result.numerator = numerator->normalized();
    result.denominator = *Decimal::parse(found->denominator);
    result.dimensions = found->dimensions;
    if (!found->offset.empty()) {
      if (exponent != 0) return std::nullopt;
      result.offset = *Decimal::parse(found->offset);
      result.special = true;
    }
    return result;
  }

  std::string_view rest_;
};

std::optional<Measure> measure_of_calendar(CalendarUnit unit) {
  Measure result;
  if (unit == CalendarUnit::kYear || unit == CalendarUnit::kMonth) {
    result.numerator = Decimal::from_integer(unit == CalendarUnit::kYear ? 12 : 1);
    result.dimensions[kCalendarMonth] = 1;
    return result;
  }
  static constexpr std::string_view kCodes[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  return measure_of_ucum(kCodes[static_cast<std::size_t>(unit)]);
}

std::optional<Decimal> base_value(const Decimal& value, const Measure& measure) {
  const auto moved = add(value, measure.offset);
  const auto scaled = moved ? multiply(*moved, measure.numerator) : std::nullopt;
  if (!scaled) return std::nullopt;
  return measure.denominator.normalized().mantissa == 1 && measure.denominator.scale == 0
             ? scaled
             : divide(*scaled, measure.denominator);
}

// -1, 0, 1 for which of the two units is the larger one.
int compare_factors(const Measure& left, const Measure& right) {
  const auto a = multiply(left.numerator, right.denominator);
  const auto b = multiply(right.numerator, left.denominator);
  return a && b ? compare(*a, *b) : 0;
}

std::optional<Decimal> converted(const Decimal& value, const Measure& from, const Measure& to) {
  const auto base = base_value(value, from);
  const auto scaled = base ? multiply(*base, to.denominator) : std::nullopt;
  const auto result = scaled ? divide(*scaled, to.numerator) : std::nullopt;
  return result ? subtract(*result, to.offset) : std::nullopt;
}

std::string canonical_unit(const Measure& measure) {
  static constexpr std::string_view kBase[] = {"m", "g", "s", "K", "C", "cd", "rad", "mol"};
  std::string out;
  for (std::size_t i = 0; i < std::size(kBase); ++i) {
    const std::int8_t exponent = measure.dimensions[i];
    if (exponent == 0) continue;
    if (!out.empty()) out.push_back('.');
    out += kBase[i];
    if (exponent != 1) out += std::to_string(exponent);
  }
  return out.empty() ? "1" : out;
}

std::optional<OwnedQuantity> product(const Quantity& left, const Quantity& right, bool divides) {
  const auto compute = [divides](const Decimal& a, const Decimal& b) {
    return divides ? divide(a, b) : multiply(a, b);
  };
  if (right.unit == "1" || (!divides && left.unit == "1")) {
    const auto value = compute(left.value, right.value);
    if (!value) return std::nullopt;
    const Quantity& named = right.unit == "1" ? left : right;
    return OwnedQuantity{*value, std::string(named.unit), named.calendar};
  }
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  if (!a || !b || a->dimensions[kCalendarMonth] != 0 || b->dimensions[kCalendarMonth] != 0) return std::nullopt;
  const auto measure = combine(*a, *b, divides);
  const auto base_a = base_value(left.value, *a);
  const auto base_b = base_value(right.value, *b);
  if (!measure || !base_a || !base_b) return std::nullopt;
  const auto value = compute(*base_a, *base_b);
  if (!value) return std::nullopt;
  return OwnedQuantity{*value, canonical_unit(*measure), std::nullopt};
}

}  // namespace

std::optional<CalendarUnit> calendar_unit(std::string_view word) {
  static constexpr std::string_view kWords[] = {"year", "month",  "week",   "day",
                                                "hour", "minute", "second", "millisecond"};
  if (word.ends_with('s')) word.remove_suffix(1);
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (word == kWords[i]) return static_cast<CalendarUnit>(i);
  }
  return std::nullopt;
}

std::optional<CalendarUnit> calendar_unit_of_ucum(std::string_view code) {
  static constexpr std::string_view kCodes[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  for (std::size_t i = 0; i < std::size(kCodes); ++i) {
    if (code == kCodes[i]) return static_cast<CalendarUnit>(i);
  }
  return std::nullopt;
}

std::string_view ucum_code_of(CalendarUnit unit) {
  static constexpr std::string_view kCodes[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  return kCodes[static_cast<std::size_t>(unit)];
}

std::string to_string(const Quantity& quantity) {
  if (quantity.calendar) return fmt::format("{} {}", quantity.value.to_string(), quantity.unit);
  return fmt::format("{} '{}'", quantity.value.to_string(), quantity.unit);
}

std::optional<Measure> measure_of_ucum(std::string_view unit) { return UnitParser(unit).parse(); }

std::optional<Measure> measure_of(const Quantity& quantity, bool as_ucum) {
  if (!quantity.calendar) return measure_of_ucum(quantity.unit);
  if (as_ucum && *quantity.calendar == CalendarUnit::kYear) return measure_of_ucum("a");
  if (as_ucum && *quantity.calendar == CalendarUnit::kMonth) return measure_of_ucum("mo");
  return measure_of_calendar(*quantity.calendar);
}

bool comparable(const Quantity& left, const Quantity& right) {
  if (left.unit == right.unit && left.calendar == right.calendar) return true;
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  return a && b && a->dimensions == b->dimensions;
}

std::optional<int> compare(const Quantity& left, const Quantity& right) {
  if (left.unit == right.unit && left.calendar == right.calendar) return compare(left.value, right.value);
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  if (!a || !b || a->dimensions != b->dimensions) return std::nullopt;
  const auto moved_a = add(left.value, a->offset);
  const auto moved_b = add(right.value, b->offset);
  const auto scaled_a = moved_a ? multiply(*moved_a, a->numerator) : std::nullopt;
  const auto scaled_b = moved_b ? multiply(*moved_b, b->numerator) : std::nullopt;
  const auto crossed_a = scaled_a ? multiply(*scaled_a, b->denominator) : std::nullopt;
  const auto crossed_b = scaled_b ? multiply(*scaled_b, a->denominator) : std::nullopt;
  if (!crossed_a || !crossed_b) return std::nullopt;
  return compare(*crossed_a, *crossed_b);
}

bool equivalent(const Quantity& left, const Quantity& right) {
  if (left.unit == right.unit && left.calendar == right.calendar) return equivalent(left.value, right.value);
  const auto a = measure_of(left, true);
  const auto b = measure_of(right, true);
  if (!a || !b || a->dimensions != b->dimensions) return false;
  const bool left_is_coarser = compare_factors(*a, *b) >= 0;
  const auto moved = left_is_coarser ? converted(right.value, *b, *a) : converted(left.value, *a, *b);
  return moved && equivalent(left_is_coarser ? left.value : right.value, *moved);
}

std::optional<OwnedQuantity> add(const Quantity& left, const Quantity& right, bool subtracts) {
  const auto compute = [subtracts](const Decimal& a, const Decimal& b) {
    return subtracts ? subtract(a, b) : add(a, b);
  };
  if (left.unit == right.unit && left.calendar == right.calendar) {
    const auto sum = compute(left.value, right.value);
    if (!sum) return std::nullopt;
    return OwnedQuantity{*sum, std::string(left.unit), left.calendar};
  }
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  if (!a || !b || a->dimensions != b->dimensions || a->special || b->special) return std::nullopt;
  const bool left_is_finer = compare_factors(*a, *b) <= 0;
  const auto x = left_is_finer ? std::optional(left.value) : converted(left.value, *a, *b);
  const auto y = left_is_finer ? converted(right.value, *b, *a) : std::optional(right.value);
  const auto sum = x && y ? compute(*x, *y) : std::nullopt;
  if (!sum) return std::nullopt;
  const Quantity& finer = left_is_finer ? left : right;
  return OwnedQuantity{*sum, std::string(finer.unit), finer.calendar};
}

std::optional<OwnedQuantity> multiply(const Quantity& left, const Quantity& right) {
  return product(left, right, false);
}
std::optional<OwnedQuantity> divide(const Quantity& left, const Quantity& right) { return product(left, right, true); }

}  // namespace embergate::fhirpath
