// SPDX-License-Identifier: Apache-2.0
// Structured log events on standard output, one line each: a JSON object with the keys of contract 6.2 (tn ev lvl ts
// msg err ctx ...), or text in columns for people at a terminal. Thread: any. Ownership: process-wide; configure() is
// called once at start, before other threads exist. Failure: a log call never fails and never blocks on anything but
// the write itself. Every line passes the value redactor that `app` installs (S-22) before it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace embergate::observability::log {

enum class Level { kTrace, kDebug, kInfo, kWarn, kError };
enum class Format { kJson, kText };

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

struct Options {
  std::string box_id = "devbox";
  Level level = Level::kInfo;
  Format format = Format::kJson;
  bool colour = false;  // of the level, in text
};

// Replaces every secret value in a line by a mark; called on each line, of text also on each value before it is
// escaped, so it must be quick when there is nothing to replace.
using Redactor = std::function<void(std::string& line)>;

void configure(const Options& options);
void set_redactor(Redactor redactor);
[[nodiscard]] bool enabled(Level level);
// ev: the name of contract 6.2, for example "vault/loaded".
void event(Level level, std::string_view ev, std::string_view message, std::initializer_list<Field> fields = {});
// As event(), with `raw_key` holding JSON that the caller has already built (the AidboxSubscriptionStatus of
// contract 2.11).
void event_with_json(Level level, std::string_view ev, std::string_view raw_key, std::string_view raw_json);
Level level_from(std::string_view name, Level fallback);
// Gets every finished line instead of standard output: tests, and commands whose output is an answer. nullptr: back.
void capture(std::function<void(std::string_view line)> sink);

}  // namespace embergate::observability::log
