// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/measure.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>

namespace embergate::fhirpath {
namespace {

constexpr int kMaxExponent = 20;
constexpr int kMaxUnitDepth = 8;
constexpr std::size_t kMaxUnitBytes = 128;
constexpr Factor kAvogadro{60'221'367, 1, 16};  // UCUM's value

struct Atom {
  std::string_view code;
  std::int64_t numerator;
  std::int64_t denominator;
  int ten;
  std::array<std::int8_t, 8> dimensions;  // m g s K C cd rad mol
  std::uint16_t kind;
  bool metric;
  bool special;
  std::string_view offset;
};
struct Prefix {
  std::string_view code;
  std::int64_t numerator;
  int ten;
};
constexpr std::size_t kAmountColumn = 7;

#include "fhirpath/units_data.inc"

constexpr bool in_order() {
  for (std::size_t i = 1; i < std::size(kAtoms); ++i) {
    if (kAtoms[i - 1].code >= kAtoms[i].code) return false;
  }
  return true;
}
static_assert(in_order(), "the atoms are found by halving");

const Atom* find_atom(std::string_view code) {
  const auto* const found =
      std::lower_bound(std::begin(kAtoms), std::end(kAtoms), code,
                       [](const Atom& atom, std::string_view wanted) { return atom.code < wanted; });
  return found != std::end(kAtoms) && found->code == code ? found : nullptr;
}

bool add_own(Measure& measure, Measure::Own added, int sign) {
  if (added.kind == 0) return true;
  auto* place = std::find_if(measure.own.begin(), measure.own.end(),
                             [&](const Measure::Own& own) { return own.kind == added.kind; });
  if (place == measure.own.end())
    place = std::find_if(measure.own.begin(), measure.own.end(), [](const Measure::Own& own) { return own.kind == 0; });
  if (place == measure.own.end()) return false;
  const int exponent = place->exponent + sign * added.exponent;
  if (exponent > kMaxExponent || exponent < -kMaxExponent) return false;
  *place = exponent == 0 ? Measure::Own{} : Measure::Own{added.kind, static_cast<std::int8_t>(exponent)};
  // Free places last, so that equal sets are equal arrays.
  std::sort(measure.own.begin(), measure.own.end(), [](const Measure::Own& a, const Measure::Own& b) {
    return (a.kind == 0 ? UINT16_MAX : a.kind) < (b.kind == 0 ? UINT16_MAX : b.kind);
  });
  return true;
}

Measure number(std::int64_t value, int ten = 0) {
  Measure result;
  result.factor = {value, 1, ten};
  return result;
}

std::optional<int> read_integer(std::string_view text, int most) {
  const auto parsed = Decimal::parse(text);
  const auto value = parsed ? parsed->to_integer() : std::nullopt;
  if (!value || *value > most || *value < -most) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<Measure> measure_of_atom(const Atom& atom, const Prefix* prefix) {
  Measure result;
  result.factor = {atom.numerator, atom.denominator, atom.ten};
  std::copy_n(atom.dimensions.begin(), kAmountColumn, result.dimensions.begin());
  result.amount = atom.dimensions[kAmountColumn];
  result.special = atom.special;
  if (atom.kind != 0) result.own[0] = {atom.kind, 1};
  if (!atom.offset.empty()) result.offset = *Decimal::parse(atom.offset);
  if (!prefix) return result;
  const Factor by{prefix->numerator, 1, prefix->ten};
  const auto factor = multiply(result.factor, by);
  if (!factor) return std::nullopt;
  result.factor = *factor;
  if (!result.offset.is_zero()) {
    const auto offset = scaled(result.offset, inverse(by));
    if (!offset) return std::nullopt;
    result.offset = *offset;
  }
  return result;
}

std::optional<Measure> measure_of_symbol(std::string_view code) {
  if (const Atom* atom = find_atom(code)) return measure_of_atom(*atom, nullptr);
  for (const Prefix& prefix : kPrefixes) {
    if (!code.starts_with(prefix.code)) continue;
    const Atom* atom = find_atom(code.substr(prefix.code.size()));
    if (atom && atom->metric) return measure_of_atom(*atom, &prefix);
  }
  return std::nullopt;
}

std::optional<Measure> raised(const Measure& one, int exponent) {
  if (exponent == 1) return one;
  std::optional<Measure> result = Measure{};
  for (int i = 0; result && i < std::abs(exponent); ++i) result = combine(*result, one, exponent < 0);
  return result;
}

// term = component {("." | "/") component}; component = symbol [exponent] | number | "(" term ")"; {annotation} is 1.
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
      result = first ? combine(*result, *first, true) : std::nullopt;
    } else {
      result = component(depth);
    }
    while (result && !rest_.empty() && (rest_.front() == '.' || rest_.front() == '/')) {
      const bool divides = rest_.front() == '/';
      rest_.remove_prefix(1);
      const auto next = component(depth);
      result = next ? combine(*result, *next, divides) : std::nullopt;
    }
    return result;
  }

  // False: it has no end.
  bool skip_annotation(bool& found) {
    found = take('{');
    if (!found) return true;
    const std::size_t end = rest_.find_first_of("{}");
    if (end == std::string_view::npos || rest_[end] == '{') return false;
    rest_.remove_prefix(end + 1);
    return true;
  }

  std::optional<Measure> component(int depth) {
    if (take('(')) {
      auto inner = term(depth + 1);
      if (!inner || !take(')')) return std::nullopt;
      return inner;
    }
    bool annotated = false;
    if (!skip_annotation(annotated)) return std::nullopt;
    if (annotated) return Measure{};
    const std::string_view symbol = rest_.substr(0, symbol_length());
    rest_.remove_prefix(symbol.size());
    auto result = factor(symbol);
    if (!skip_annotation(annotated)) return std::nullopt;
    return result;
  }

  // Inside square brackets a dot or a slash belongs to the symbol.
  [[nodiscard]] std::size_t symbol_length() const {
    bool bracketed = false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '[' || c == ']') bracketed = c == '[';
      if (!bracketed && (c == '.' || c == '/' || c == '(' || c == ')' || c == '{')) return i;
    }
    return rest_.size();
  }

  static std::optional<Measure> factor(std::string_view symbol) {
    if (symbol.empty()) return std::nullopt;
    if (symbol.starts_with("10*") || symbol.starts_with("10^")) {
      const auto exponent = symbol.size() == 3 ? std::optional(1) : read_integer(symbol.substr(3), kMostTen / 2);
      if (!exponent) return std::nullopt;
      return number(1, *exponent);
    }
    if (symbol.find_first_not_of("0123456789") == std::string_view::npos) {
      const auto value = read_integer(symbol, 1'000'000'000);
      return value && *value > 0 ? std::optional(number(*value)) : std::nullopt;
    }
    std::size_t end = symbol.find_last_not_of("0123456789") + 1;
    if (end < symbol.size() && (symbol[end - 1] == '+' || symbol[end - 1] == '-')) --end;
    const auto exponent = end == symbol.size() ? std::optional(1) : read_integer(symbol.substr(end), kMaxExponent);
    const auto one = measure_of_symbol(symbol.substr(0, end));
    return one && exponent ? raised(*one, *exponent) : std::nullopt;
  }

  std::string_view rest_;
};

// Units seen lately, each at the place its hash says: a newer one takes the place of an older one.
class UnitCache {
 public:
  const std::optional<Measure>& find(std::string_view unit) {
    Entry& entry = entries_[std::hash<std::string_view>{}(unit) % kCachedUnits];
    if (!entry.filled || entry.unit != unit) {
      entry.measure = UnitParser(unit).parse();
      entry.unit = unit;
      entry.filled = true;
    }
    return entry.measure;
  }

 private:
  struct Entry {
    std::string unit;
    std::optional<Measure> measure;
    bool filled = false;
  };
  std::array<Entry, kCachedUnits> entries_;
};

}  // namespace

std::optional<Measure> measure_of_ucum(std::string_view unit) {
  if (unit.size() > kMaxUnitBytes) return std::nullopt;
  thread_local const auto cache = std::make_unique<UnitCache>();
  return cache->find(unit);
}

std::optional<Measure> combine(const Measure& left, const Measure& right, bool divide) {
  if (left.special || right.special) return std::nullopt;
  const int sign = divide ? -1 : 1;
  constexpr int kMost = 100;
  Measure result = left;
  const auto factor = multiply(left.factor, divide ? inverse(right.factor) : right.factor);
  if (!factor) return std::nullopt;
  result.factor = *factor;
  const auto add = [&](std::int8_t& exponent, std::int8_t added) {
    const int sum = exponent + sign * added;
    exponent = static_cast<std::int8_t>(sum);
    return sum <= kMost && sum >= -kMost;
  };
  for (std::size_t i = 0; i < result.dimensions.size(); ++i) {
    if (!add(result.dimensions[i], right.dimensions[i])) return std::nullopt;
  }
  if (!add(result.amount, right.amount)) return std::nullopt;
  for (const Measure::Own& own : right.own) {
    if (!add_own(result, own, sign)) return std::nullopt;
  }
  return result;
}

std::optional<Factor> ratio(const Measure& left, const Measure& right) {
  auto result = multiply(left.factor, inverse(right.factor));
  for (int i = left.amount - right.amount; result && i != 0; i += i > 0 ? -1 : 1)
    result = multiply(*result, i > 0 ? kAvogadro : inverse(kAvogadro));
  return result;
}

std::string base_unit_of(const Measure& measure) {
  static constexpr std::string_view kBase[] = {"m", "g", "s", "K", "C", "cd", "rad"};
  std::string out;
  const auto append = [&out](std::string_view unit, int exponent) {
    if (exponent == 0) return;
    if (!out.empty()) out.push_back('.');
    out += unit;
    if (exponent != 1) out += std::to_string(exponent);
  };
  for (std::size_t i = 0; i < std::size(kBase); ++i) append(kBase[i], measure.dimensions[i]);
  append("mol", measure.amount);
  for (const Measure::Own& own : measure.own) {
    if (own.kind == 0) continue;
    const auto* const atom =
        std::find_if(std::begin(kAtoms), std::end(kAtoms), [&](const Atom& row) { return row.kind == own.kind; });
    append(atom->code, own.exponent);
  }
  return out.empty() ? "1" : out;
}

}  // namespace embergate::fhirpath
