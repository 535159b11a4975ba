// SPDX-License-Identifier: Apache-2.0
// The store over one SQLite file: puts the parts together and takes them apart in the right order.
// Thread: see store.hpp.
// Ownership: owns file lock, connections and threads; borrows clock and metrics, which outlive it.
#pragma once

#include <atomic>
#include <memory>

#include "embergate/store/sqlite_store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/database_file.hpp"
#include "store/sqlite/job_queue.hpp"
#include "store/sqlite/reader_pool.hpp"
#include "store/sqlite/sqlite_outbox.hpp"
#include "store/sqlite/write_ahead_log.hpp"
#include "store/sqlite/writer.hpp"
#include "store/sqlite/writer_state.hpp"

namespace embergate::store::sqlite {

class SqliteStore final : public Store {
 public:
  static core::Result<std::unique_ptr<Store>> open(const SqliteOptions& options, const core::Clock& clock,
                                                   observability::Metrics& metrics);
  ~SqliteStore() override;

  void transact(Body body, Done done) override;
  core::Result<void> read(const ReadBody& body) override;
  [[nodiscard]] std::int64_t committed_catalog_epoch() const override { return state_.committed_epoch; }
  [[nodiscard]] Outbox& outbox() override { return outbox_; }
  [[nodiscard]] core::Milliseconds last_commit_time() const override { return writer_.last_commit_time(); }
  core::Result<void> ping() override;
  [[nodiscard]] WritingState writing() const override { return writer_.writing(); }
  void probe_writing() override;
  void stop() override;

 private:
  struct Parts {
    std::unique_ptr<DatabaseFile> file;
    std::unique_ptr<Connection> connection;  // the writer's
    std::unique_ptr<Connection> checkpoints;
    std::unique_ptr<ReaderPool> readers;
    std::unique_ptr<ReaderPool> outbox_readers;
    std::unique_ptr<ReaderPool> ping_reader;
  };
  SqliteStore(Parts parts, const SqliteOptions& options, const core::Clock& clock, observability::Metrics& metrics);
  static core::Result<Parts> open_parts(const SqliteOptions& options, core::SystemTime now);

  Parts parts_;
  WriterState state_;
  core::Result<void> loaded_;  // before the writer starts
  JobQueue queue_;
  std::atomic<bool> probing_{false};
  SqliteOutbox outbox_;
  WriteAheadLog log_;
  Writer writer_;
};

}  // namespace embergate::store::sqlite
