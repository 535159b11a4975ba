// SPDX-License-Identifier: Apache-2.0
#include "app/backup_command.hpp"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <ostream>

#include "app/environment.hpp"
#include "embergate/core/time_format.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/store/backup.hpp"

namespace embergate::app {
namespace {

std::atomic<bool> cancelled{false};

// Files may reach a limit of their size; the call that fails says so.
void listen_to_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { cancelled.store(true); };
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
}

nlohmann::json json_of(const std::string& file, const store::DatabaseFacts& facts) {
  nlohmann::json json{{"file", file},
                      {"bytes", facts.bytes},
                      {"schema", facts.schema},
                      {"eventEpoch", facts.epoch},
                      {"newestVersion", facts.newest_version},
                      {"eventsQueued", facts.queued},
                      {"copy", facts.made_at.has_value()}};
  if (facts.made_at) json["madeAt"] = core::format_instant_seconds(*facts.made_at);
  return json;
}

std::string words_of(const store::DatabaseFacts& facts) {
  return fmt::format("{} bytes, schema {}, event epoch {}, newest version {}, {} events queued", facts.bytes,
                     facts.schema, facts.epoch, facts.newest_version, facts.queued);
}

int fail(const core::Error& problem, std::ostream& error) {
  error << fmt::format("embergate: {}\n", problem.diagnostics);
  return 1;
}

int back_up(const BackupCommand& command, const std::string& database, std::ostream& out, std::ostream& error) {
  listen_to_signals();
  store::BackupOptions options;
  options.log_growth_limit = command.log_limit_mib * 1'048'576;
  options.cancelled = &cancelled;
  const auto made = store::back_up_sqlite_database(database, command.file, options, core::system_clock());
  if (!made) return fail(made.error(), error);
  if (command.json) {
    out << json_of(command.file, *made).dump() << '\n';
  } else {
    out << fmt::format("{} is a backup: {}\n", command.file, words_of(*made));
  }
  return 0;
}

int mark(const BackupCommand& command, std::ostream& out, std::ostream& error) {
  const auto marked = store::mark_sqlite_database_as_copy(command.file, core::system_clock());
  if (!marked) return fail(marked.error(), error);
  if (command.json) {
    out << json_of(command.file, *marked).dump() << '\n';
  } else {
    out << fmt::format("{} is marked as a copy: the first start on it raises the event epoch\n", command.file);
  }
  return 0;
}

int check(const BackupCommand& command, const std::string& file, std::ostream& out, std::ostream& error) {
  const auto checked = store::check_sqlite_database(file);
  if (!checked) {
    if (command.json)
      out << nlohmann::json{{"file", file},
                            {"sound", false},
                            {"faults", nlohmann::json::array({checked.error().diagnostics})}}
                 .dump()
          << '\n';
    return fail(checked.error(), error);
  }
  const bool sound = checked->faults.empty();
  if (command.json) {
    nlohmann::json json = sound ? json_of(file, checked->facts) : nlohmann::json{{"file", file}};
    json["sound"] = sound;
    json["faults"] = checked->faults;
    out << json.dump() << '\n';
    return sound ? 0 : 1;
  }
  if (sound) {
    const std::string kind =
        checked->facts.made_at ? fmt::format("a copy made at {}", core::format_instant_seconds(*checked->facts.made_at))
                               : "a database";
    out << fmt::format("{} is sound, {}: {}\n", file, kind, words_of(checked->facts));
    return 0;
  }
  out << fmt::format("{} is not sound: restore another backup\n", file);
  for (const std::string& fault : checked->faults) out << fmt::format("  {}\n", fault);
  return 1;
}

}  // namespace

int backup_command(const BackupCommand& command, char** environment, std::ostream& out, std::ostream& error) {
  // Standard output is for the answer.
  observability::log::capture([](std::string_view) {});
  if (command.file.empty() && !command.check) {
    error << (command.mark ? "embergate backup --mark needs the file to mark\n"
                           : "embergate backup needs the file to make\n");
    return 2;
  }
  const std::string database = Environment(environment).text("BOX_DB_PATH").value_or("embergate.db");
  if (command.check) return check(command, command.file.empty() ? database : command.file, out, error);
  if (command.mark) return mark(command, out, error);
  return back_up(command, database, out, error);
}

}  // namespace embergate::app
