// SPDX-License-Identifier: Apache-2.0
// Dates and times in the format that toDate() and toDateTime() are told.
#include <algorithm>
#include <array>
#include <cctype>

#include "fhirpath/temporal_fields.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};
constexpr std::string_view kCodes = "yMdhHmsSaZ";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool same_letter(char left, char lower) { return std::tolower(static_cast<unsigned char>(left)) == lower; }

bool starts_with_word(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(),
                                                   [](char wanted, char given) { return same_letter(given, wanted); });
}

class FormatReader {
 public:
  FormatReader(std::string_view text, std::string_view format) : text_(text), format_(format) {}

  std::optional<Temporal> read(bool& known) {
    known = true;
    while (!format_.empty()) {
      const char code = format_.front();
      const std::size_t width = std::min(format_.find_first_not_of(code), format_.size());
      const std::string_view run = format_.substr(0, width);
      format_.remove_prefix(width);
      if (kCodes.find(code) == std::string_view::npos) {
        // Letters mean something; T is the one that dates have.
        if (code != 'T' && kLetters.find(code) != std::string_view::npos) known = false;
        if (!known || !text_.starts_with(run)) return std::nullopt;
        text_.remove_prefix(width);
      } else if (!field(code, width)) {
        return std::nullopt;
      }
    }
    if (!text_.empty()) return std::nullopt;
    return result();
  }

 private:
  // One or two digits, or as many as `most` when `exact`.
  std::optional<int> number(std::size_t most, bool exact) {
    std::size_t digits = 0;
    int value = 0;
    while (digits < most && digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') {
      value = value * 10 + (text_[digits] - '0');
      ++digits;
    }
    if (digits == 0 || (exact && digits != most)) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }

  bool field(char code, std::size_t width) {
    switch (code) {
      case 'y':
        return year(width);
      case 'M':
        return width > 2 ? month_name(width == 3) : set(month_, number(2, width == 2), 1, 12);
      case 'd':
        return set(day_, number(2, width >= 2), 1, 31);
      case 'H':
        return set(hour_, number(2, width >= 2), 0, 23);
      case 'h':
        return set(hour_, number(2, width >= 2), 1, 12);
      case 'm':
        return set(minute_, number(2, width >= 2), 0, 59);
      case 's':
        return set(second_, number(2, width >= 2), 0, 59);
      case 'S':
        return fraction(width);
      case 'a':
        return half_of_day();
      default:
        return offset();
    }
  }

  static bool set(std::optional<int>& field, std::optional<int> value, int least, int most) {
    if (!value || *value < least || *value > most) return false;
    field = value;
    return true;
  }

  bool year(std::size_t width) {
    if (width != 2) return set(year_, number(4, true), 1, 9999);
    const auto short_year = number(2, true);
    if (!short_year) return false;
    return set(year_, *short_year + (*short_year < 50 ? 2000 : 1900), 1, 9999);
  }

  bool month_name(bool is_short) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      const std::string_view name = is_short ? kMonths[i].substr(0, 3) : kMonths[i];
      if (!starts_with_word(text_, name)) continue;
      text_.remove_prefix(name.size());
      month_ = static_cast<int>(i) + 1;
      return true;
    }
    return false;
  }

  bool fraction(std::size_t width) {
    if (width > 9) return false;
    const auto value = number(width, true);
    if (!value) return false;
    nanoseconds_ = static_cast<std::uint32_t>(*value);
    for (std::size_t i = width; i < 9; ++i) nanoseconds_ *= 10;
    fraction_digits_ = static_cast<std::uint8_t>(width);
    return true;
  }

  bool half_of_day() {
    if (text_.empty() || (!same_letter(text_.front(), 'a') && !same_letter(text_.front(), 'p'))) return false;
    is_afternoon_ = same_letter(text_.front(), 'p');
    text_.remove_prefix(1);
    if (!text_.empty() && same_letter(text_.front(), 'm')) text_.remove_prefix(1);
    return true;
  }

  bool offset() {
    if (text_.starts_with('Z')) {
      text_.remove_prefix(1);
      offset_ = 0;
      return true;
    }
    if (text_.empty() || (text_.front() != '+' && text_.front() != '-')) return false;
    const int sign = text_.front() == '-' ? -1 : 1;
    text_.remove_prefix(1);
    const auto hours = number(2, true);
    if (text_.starts_with(':')) text_.remove_prefix(1);
    const auto minutes = number(2, true);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return false;
    offset_ = static_cast<std::int16_t>(sign * (*hours * 60 + *minutes));
    return true;
  }

  // Fields from the year on without a gap.
  [[nodiscard]] std::optional<Temporal> result() const {
    const std::optional<int> fields[] = {year_, month_, day_, hour_, minute_, second_};
    std::size_t given = 0;
    while (given < std::size(fields) && fields[given]) ++given;
    const bool has_gap = std::any_of(std::begin(fields) + given, std::end(fields), [](const auto& f) { return f; });
    if (given == 0 || has_gap || (fraction_digits_ > 0 && !second_)) return std::nullopt;
    Temporal value;
    value.year = static_cast<std::int16_t>(*year_);
    value.month = static_cast<std::uint8_t>(month_.value_or(1));
    value.day = static_cast<std::uint8_t>(day_.value_or(1));
    if (value.day > days_in_month(value.year, value.month)) return std::nullopt;
    int hour = hour_.value_or(0);
    if (is_afternoon_) {
      if (hour > 12 || hour == 0) return std::nullopt;
      hour = hour % 12 + (*is_afternoon_ ? 12 : 0);
    }
    value.hour = static_cast<std::uint8_t>(hour);
    value.minute = static_cast<std::uint8_t>(minute_.value_or(0));
    value.second = static_cast<std::uint8_t>(second_.value_or(0));
    value.nanoseconds = nanoseconds_;
    value.fraction_digits = fraction_digits_;
    value.precision = fraction_digits_ > 0 ? Precision::kMillisecond : static_cast<Precision>(given - 1);
    if (value.has_time()) value.offset = offset_;
    return value;
  }

  std::string_view text_;
  std::string_view format_;
  std::optional<int> year_;
  std::optional<int> month_;
  std::optional<int> day_;
  std::optional<int> hour_;
  std::optional<int> minute_;
  std::optional<int> second_;
  std::optional<bool> is_afternoon_;
  std::uint32_t nanoseconds_ = 0;
  std::uint8_t fraction_digits_ = 0;
  std::int16_t offset_ = kNoOffset;
};

}  // namespace

std::optional<Temporal> parse_formatted(std::string_view text, std::string_view format, bool& known) {
  return FormatReader(text, format).read(known);
}

}  // namespace embergate::fhirpath
