// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway/yardsticks.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <regex>

#include "support/child_process.hpp"

namespace embergate::bench {
namespace {

using Clock = std::chrono::steady_clock;

bool execute(sqlite3* database, const char* text) {
  return sqlite3_exec(database, text, nullptr, nullptr, nullptr) == SQLITE_OK;
}

}  // namespace

std::optional<double> sqlite_commits_per_second(const std::filesystem::path& directory, std::size_t bytes,
                                                std::chrono::milliseconds duration) {
  const std::string path = (directory / "yardstick.db").string();
  sqlite3* database = nullptr;
  const std::string body(bytes, 'x');
  sqlite3_stmt* insert = nullptr;
  bool fine = sqlite3_open(path.c_str(), &database) == SQLITE_OK && execute(database, "PRAGMA journal_mode=WAL") &&
              execute(database, "PRAGMA synchronous=FULL") &&
              execute(database, "CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)") &&
              sqlite3_prepare_v2(database, "INSERT INTO t(body) VALUES(?)", -1, &insert, nullptr) == SQLITE_OK;
  std::uint64_t commits = 0;
  const auto begin = Clock::now();
  const auto end = begin + duration;
  while (fine && Clock::now() < end) {
    sqlite3_bind_text(insert, 1, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
    fine = sqlite3_step(insert) == SQLITE_DONE;
    sqlite3_reset(insert);
    ++commits;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!fine) fmt::print(stderr, "SQLite yardstick: {}\n", sqlite3_errmsg(database));
  sqlite3_finalize(insert);
  sqlite3_close(database);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  if (!fine) return std::nullopt;
  return static_cast<double>(commits) / seconds;
}

std::optional<double> rdkafka_performance(const ProducerRun& run, const std::filesystem::path& directory) {
  const char* program = std::getenv("EG_RDKAFKA_PERFORMANCE");
  if (program == nullptr || !std::filesystem::exists(program)) {
    fmt::print(stderr, "rdkafka_performance is not there: EG_RDKAFKA_PERFORMANCE names it\n");
    return std::nullopt;
  }
  std::vector<std::string> command{program, "-P",
                                   "-t",    run.topic,
                                   "-s",    std::to_string(run.record_bytes),
                                   "-c",    std::to_string(run.records),
                                   "-b",    run.bootstrap,
                                   "-a",    "-1"};
  for (const std::string& setting :
       {std::string("enable.idempotence=true"), std::string("linger.ms=5"),
        std::string("sticky.partitioning.linger.ms=0"), std::string("security.protocol=SASL_PLAINTEXT"),
        std::string("sasl.mechanisms=SCRAM-SHA-512"), "sasl.username=" + run.user, "sasl.password=" + run.password}) {
    command.insert(command.end(), {"-X", setting});
  }
  const test::ProgramResult result =
      test::run_program(command, test::base_environment(), directory.string(), false, std::chrono::seconds(300));
  const std::string text = result.output + result.error;
  static const std::regex kSum(R"((\d+) delivered[^\n]*?: (\d+) msgs/s)");
  double rate = 0;
  std::size_t delivered = 0;
  for (std::sregex_iterator hit(text.begin(), text.end(), kSum), none; hit != none; ++hit) {
    delivered = std::stoull((*hit)[1]);
    rate = std::stod((*hit)[2]);
  }
  if (result.exit_code.value_or(1) == 0 && delivered == run.records) return rate;
  fmt::print(stderr, "rdkafka_performance delivered {} of {}: {}\n", delivered, run.records,
             text.substr(text.size() > 2'000 ? text.size() - 2'000 : 0));
  return std::nullopt;
}

}  // namespace embergate::bench
