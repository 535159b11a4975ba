// SPDX-License-Identifier: Apache-2.0
#include "observability/log_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "embergate/core/text.hpp"
#include "embergate/core/time_format.hpp"

namespace embergate::observability::log {
namespace {

// "topic-destination/started"; longer names push what follows.
constexpr std::size_t kNameWidth = 25;

struct Shown {
  std::string_view name;
  std::string_view colour;
};

Shown shown(Level level) {
  switch (level) {
    case Level::kTrace:
      return {"trace", "\x1b[2m"};
    case Level::kDebug:
      return {"debug", "\x1b[2m"};
    case Level::kInfo:
      return {"info", "\x1b[32m"};
    case Level::kWarn:
      return {"warn", "\x1b[33m"};
    case Level::kError:
      return {"error", "\x1b[31m"};
  }
  return {"error", "\x1b[31m"};
}

void append_level(std::string& out, Level level, bool colour) {
  const auto [name, code] = shown(level);
  if (colour) {
    fmt::format_to(std::back_inserter(out), "  {}{:<5}\x1b[0m  ", code, name);
  } else {
    fmt::format_to(std::back_inserter(out), "  {:<5}  ", name);
  }
}

// Without secrets, and not longer than JSON shows it.
std::string bounded(std::string_view text, const Redactor* redactor) {
  std::string copy(text);
  if (redactor != nullptr) (*redactor)(copy);
  if (copy.size() <= kMaxValueBytes) return copy;
  return std::string(core::whole_characters(copy, kMaxValueBytes)) + "...";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : core::printable(text)) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

bool stands_without_quotes(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=") == std::string_view::npos && core::printable(text) == text;
}

struct ValueWriter {
  std::string& out;
  const Redactor* redactor;
  void operator()(std::string_view given) const {
    const std::string text = bounded(given, redactor);
    if (stands_without_quotes(text)) {
      out += text;
    } else {
      append_quoted(out, text);
    }
  }
  void operator()(std::int64_t number) const { fmt::format_to(std::back_inserter(out), "{}", number); }
  void operator()(double number) const {
    fmt::format_to(std::back_inserter(out), "{}", std::isfinite(number) ? fmt::format("{}", number) : "null");
  }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
};

// The white space that lays JSON out says nothing.
std::string on_one_line(std::string_view json, const Redactor* redactor) {
  std::string copy(json);
  if (redactor != nullptr) (*redactor)(copy);
  std::replace_if(copy.begin(), copy.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return core::printable(copy);
}

}  // namespace

std::string text_of(const Event& event, const Redactor* redactor, bool colour) {
  std::string out = core::format_instant_millis(event.time);
  append_level(out, event.level, colour);
  fmt::format_to(std::back_inserter(out), "{:<{}}", core::printable(event.ev), kNameWidth);
  if (!event.message.empty()) {
    out += "  ";
    core::append_printable(out, bounded(event.message, redactor));
  }
  std::string_view before = "  ";
  for (const Field& field : event.fields) {
    out += before;
    core::append_printable(out, field.key);
    out += '=';
    std::visit(ValueWriter{out, redactor}, field.value);
    before = " ";
  }
  if (!event.raw_json.empty()) {
    out += before;
    core::append_printable(out, event.raw_key);
    out += '=' + on_one_line(event.raw_json, redactor);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace embergate::observability::log
