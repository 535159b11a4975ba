// SPDX-License-Identifier: Apache-2.0
#include "fhir/primitive_syntax.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "embergate/fhir/reference.hpp"

namespace embergate::fhir {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads a date or time from left to right; every step tells whether it fits.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

  bool literal(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool number(std::size_t digits, int low, int high, int* result = nullptr) {
    if (text_.size() - at_ < digits) return false;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text_[at_ + i];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    at_ += digits;
    if (result) *result = value;
    return value >= low && value <= high;
  }

  bool fraction() {
    if (!literal('.')) return true;
    const std::size_t begin = at_;
    while (!at_end() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  bool time() {
    return number(2, 0, 23) && literal(':') && number(2, 0, 59) && literal(':') && number(2, 0, 60) && fraction();
  }

  bool zone() {
    if (literal('Z')) return true;
    if (!literal('+') && !literal('-')) return false;
    int hours = 0;
    int minutes = 0;
    return number(2, 0, 14, &hours) && literal(':') && number(2, 0, 59, &minutes) && (hours < 14 || minutes == 0);
  }

  // YYYY, YYYY-MM or YYYY-MM-DD; `whole` when the day is there.
  bool date(bool& whole) {
    int year = 0;
    int month = 0;
    int day = 0;
    whole = false;
    if (!number(4, 1, 9999, &year)) return false;
    if (!literal('-')) return true;
    if (!number(2, 1, 12, &month)) return false;
    if (!literal('-')) return true;
    whole = true;
    return number(2, 1, 31, &day) && day <= days_in(year, month);
  }

 private:
  static int days_in(int year, int month) {
    if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_date(std::string_view text) {
  Scanner scanner(text);
  bool whole = false;
  return scanner.date(whole) && scanner.at_end();
}

bool is_date_time(std::string_view text, bool needs_time) {
  Scanner scanner(text);
  bool whole = false;
  if (!scanner.date(whole)) return false;
  if (scanner.at_end()) return !needs_time;
  return whole && scanner.literal('T') && scanner.time() && scanner.zone() && scanner.at_end();
}

bool is_time(std::string_view text) {
  Scanner scanner(text);
  return scanner.time() && scanner.at_end();
}

bool is_code(std::string_view text) {
  if (is_space(text.front()) || is_space(text.back())) return false;
  return std::adjacent_find(text.begin(), text.end(), [](char a, char b) { return is_space(a) && is_space(b); }) ==
         text.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// urn:oid: and arcs without leading zeros, the first of them 0, 1 or 2, and at least one more.
bool is_oid(std::string_view text) {
  constexpr std::string_view kScheme = "urn:oid:";
  if (!text.starts_with(kScheme)) return false;
  text.remove_prefix(kScheme.size());
  if (text.empty() || text.front() < '0' || text.front() > '2') return false;
  text.remove_prefix(1);
  if (text.empty()) return false;
  while (!text.empty()) {
    if (text.front() != '.') return false;
    text.remove_prefix(1);
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto digits = static_cast<std::size_t>(end - text.begin());
    if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
    text.remove_prefix(digits);
  }
  return true;
}

// In lower case, as R4 writes it.
bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kForm.size() && std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char wanted) {
           return wanted == 'x' ? is_digit(c) || (c >= 'a' && c <= 'f') : c == wanted;
         });
}

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '+' || c == '/';
}

// Groups of four, padding at the end only; white space may stand between them (R4 base64Binary).
bool is_base64(std::string_view text) {
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (is_base64_digit(c) && padding == 0) {
      ++digits;
    } else if (c == '=') {
      ++padding;
    } else if (!is_space(c)) {
      return false;
    }
  }
  return digits > 0 && padding <= 2 && (digits + padding) % 4 == 0;
}

bool is_integer(std::string_view text, std::int32_t low) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= low;
}

std::string_view text_fault(std::string_view text, PrimitiveForm form) {
  switch (form) {
    case PrimitiveForm::kId:
      return is_valid_id(text) ? "" : "an id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'";
    case PrimitiveForm::kCode:
      return is_code(text) ? "" : "a code without white space around it and single spaces inside";
    case PrimitiveForm::kUri:
      return std::none_of(text.begin(), text.end(), is_space) ? "" : "a URI without white space";
    case PrimitiveForm::kOid:
      return is_oid(text) ? "" : "an OID as a URI: urn:oid:1.2.3";
    case PrimitiveForm::kUuid:
      return is_uuid(text) ? "" : "a UUID as a URI, in lower case: urn:uuid:c757873d-ec9a-4326-a141-556f43239520";
    case PrimitiveForm::kBase64:
      return is_base64(text) ? "" : "base64: A-Z, a-z, 0-9, '+' and '/' in groups of four, with '=' at the end only";
    case PrimitiveForm::kDate:
      return is_date(text) ? "" : "a date: YYYY, YYYY-MM or YYYY-MM-DD";
    case PrimitiveForm::kDateTime:
      return is_date_time(text, false)
                 ? ""
                 : "a dateTime: a date, or YYYY-MM-DDThh:mm:ss with a zone (Z, or -14:00 to +14:00)";
    case PrimitiveForm::kInstant:
      return is_date_time(text, true) ? "" : "an instant: YYYY-MM-DDThh:mm:ss with a zone (Z, or -14:00 to +14:00)";
    case PrimitiveForm::kTime:
      return is_time(text) ? "" : "a time: hh:mm:ss";
    default:
      return "";
  }
}

std::string_view number_fault(std::string_view text, PrimitiveForm form) {
  switch (form) {
    case PrimitiveForm::kInteger:
      return is_integer(text, std::numeric_limits<std::int32_t>::min()) ? "" : "an integer of 32 bits";
    case PrimitiveForm::kPositiveInt:
      return is_integer(text, 1) ? "" : "an integer from 1 to 2147483647";
    case PrimitiveForm::kUnsignedInt:
      return is_integer(text, 0) ? "" : "an integer from 0 to 2147483647";
    default:
      return "";
  }
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 && !is_space(c); });
}

}  // namespace

PrimitiveForm form_of(std::string_view primitive_type) {
  constexpr std::pair<std::string_view, PrimitiveForm> kForms[] = {
      {"boolean", PrimitiveForm::kBoolean},
      {"integer", PrimitiveForm::kInteger},
      {"positiveInt", PrimitiveForm::kPositiveInt},
      {"unsignedInt", PrimitiveForm::kUnsignedInt},
      {"decimal", PrimitiveForm::kDecimal},
      {"id", PrimitiveForm::kId},
      {"code", PrimitiveForm::kCode},
      {"uri", PrimitiveForm::kUri},
      {"url", PrimitiveForm::kUri},
      {"canonical", PrimitiveForm::kUri},
      {"oid", PrimitiveForm::kOid},
      {"uuid", PrimitiveForm::kUuid},
      {"base64Binary", PrimitiveForm::kBase64},
      {"date", PrimitiveForm::kDate},
      {"dateTime", PrimitiveForm::kDateTime},
      {"instant", PrimitiveForm::kInstant},
      {"time", PrimitiveForm::kTime},
  };
  for (const auto& [name, form] : kForms) {
    if (name == primitive_type) return form;
  }
  return PrimitiveForm::kText;
}

std::string_view fault_of(Node value, PrimitiveForm form) {
  switch (form) {
    case PrimitiveForm::kBoolean:
      return value.is_bool() ? "" : "true or false";
    case PrimitiveForm::kInteger:
    case PrimitiveForm::kPositiveInt:
    case PrimitiveForm::kUnsignedInt:
    case PrimitiveForm::kDecimal:
      return value.is_number() ? number_fault(value.raw(), form) : "a number";
    default:
      break;
  }
  if (!value.is_string()) return "a string";
  const std::string_view text = value.string();
  if (text.empty()) return "left out rather than empty";
  const bool had_escapes = text.data() != value.raw().data() + 1;  // only an escape can make a control character
  if (had_escapes && has_control_character(text)) return "free of control characters";
  return text_fault(text, form);
}

}  // namespace embergate::fhir
