// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "embergate/core/clock.hpp"
#include "embergate/core/snapshot.hpp"
#include "observability/log_line.hpp"
#include "observability/log_text.hpp"

namespace embergate::observability::log {
namespace {

using Sink = std::function<void(std::string_view)>;

struct State {
  std::atomic<Level> level{Level::kInfo};
  std::atomic<Format> format{Format::kJson};
  std::atomic<bool> colour{false};
  core::Snapshot<std::string> box_id{std::make_shared<const std::string>(Options{}.box_id)};
  core::Snapshot<Redactor> redactor;
  core::Snapshot<Sink> captured;
  spdlog::logger out{"embergate", std::make_shared<spdlog::sinks::stdout_sink_mt>()};

  State() {
    out.set_pattern("%v");
    out.set_level(spdlog::level::trace);  // the level was decided before
    out.set_error_handler([](const std::string&) {});
  }
};

// Never destroyed: threads and other statics may still log while the process ends.
State& state() {
  static State& instance = *new State();
  return instance;
}

void write(const Event& event) {
  State& s = state();
  const auto redactor = s.redactor.load();
  std::string line = s.format.load(std::memory_order_relaxed) == Format::kText
                         ? text_of(event, redactor.get(), s.colour.load(std::memory_order_relaxed))
                         : line_of(event);
  if (redactor) (*redactor)(line);
  // Only JSON's own white space could break a line: a caller's raw JSON may be indented.
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  if (const auto sink = s.captured.load()) {
    (*sink)(line);
  } else {
    s.out.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }
}

}  // namespace

void configure(const Options& options) {
  state().box_id.store(std::make_shared<const std::string>(options.box_id));
  state().level.store(options.level);
  state().format.store(options.format);
  state().colour.store(options.colour);
}

void set_redactor(Redactor redactor) {
  state().redactor.store(redactor ? std::make_shared<const Redactor>(std::move(redactor)) : nullptr);
}

bool enabled(Level level) { return level >= state().level.load(std::memory_order_relaxed); }

void event(Level level, std::string_view ev, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const auto box_id = state().box_id.load();
  write({*box_id, core::system_clock().system_now(), level, ev, message, fields, {}, {}});
}

void event_with_json(Level level, std::string_view ev, std::string_view raw_key, std::string_view raw_json) {
  if (!enabled(level)) return;
  const auto box_id = state().box_id.load();
  write({*box_id, core::system_clock().system_now(), level, ev, {}, {}, raw_key, raw_json});
}

Level level_from(std::string_view name, Level fallback) {
  if (name == "trace") return Level::kTrace;
  if (name == "debug") return Level::kDebug;
  if (name == "info") return Level::kInfo;
  if (name == "warn") return Level::kWarn;
  if (name == "error") return Level::kError;
  return fallback;
}

void capture(std::function<void(std::string_view line)> sink) {
  state().captured.store(sink ? std::make_shared<const Sink>(std::move(sink)) : nullptr);
}

}  // namespace embergate::observability::log
