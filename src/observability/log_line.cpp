// SPDX-License-Identifier: Apache-2.0
#include "observability/log_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "embergate/core/text.hpp"
#include "embergate/core/time_format.hpp"

namespace embergate::observability::log {
namespace {

// Contract 6.2: no `lvl` means info.
std::string_view name_of(Level level) {
  switch (level) {
    case Level::kTrace:
      return "trace";
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "";
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    out += c;
  }
}

void append_key(std::string& out, std::string_view key) {
  out += ",\"";
  append_text(out, key);
  out += "\":";
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  append_key(out, key);
  out += '"';
  append_text(out, text);
  out += '"';
}

struct ValueWriter {
  std::string& out;
  void operator()(std::string_view text) const {
    out += '"';
    append_text(out, text);
    out += '"';
  }
  void operator()(std::int64_t number) const { fmt::format_to(std::back_inserter(out), "{}", number); }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(out), "{}", number);
    } else {
      out += "null";
    }
  }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
};

}  // namespace

void append_text(std::string& out, std::string_view text) {
  const bool is_long = text.size() > kMaxValueBytes;
  std::size_t at = 0;
  while (at < text.size() && (!is_long || at < kMaxValueBytes)) {
    const std::size_t length = core::utf8_bytes(text, at);
    if (length == 1) {
      append_ascii(out, text[at]);
    } else {
      out += length == 0 ? core::kReplacementCharacter : text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  if (is_long) out += "...";
}

std::string line_of(const Event& event) {
  std::string out;
  out.reserve(256 + event.message.size() + event.raw_json.size());
  out += R"({"tn":")";
  append_text(out, event.box_id);
  out += '"';
  append_member(out, "ev", event.ev);
  if (const std::string_view level = name_of(event.level); !level.empty()) append_member(out, "lvl", level);
  append_member(out, "ts", core::format_instant_millis(event.time));
  if (!event.message.empty()) append_member(out, "msg", event.message);
  for (const Field& field : event.fields) {
    append_key(out, field.key);
    std::visit(ValueWriter{out}, field.value);
  }
  if (!event.raw_json.empty()) {
    append_key(out, event.raw_key);
    out += event.raw_json;
  }
  out += '}';
  return out;
}

}  // namespace embergate::observability::log
