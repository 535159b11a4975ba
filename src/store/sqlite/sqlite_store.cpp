// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_store.hpp"

#include "store/sqlite/schema.hpp"
#include "store/sqlite/settings.hpp"
#include "store/sqlite/transaction.hpp"
#include "store/sqlite/version_reader.hpp"

namespace embergate::store {
namespace sqlite {
namespace {

// Of our own reads, which build records meanwhile.
constexpr ReaderPool::Deadline kQueueDeadline{
    core::Milliseconds(30'000),
    "reading a destination's queue took longer than 30 s: try again later, and "
    "look at the load of the CPU and of the volume that holds BOX_DB_PATH"};

// Before the file has a log: as long as it bears the mark, a log beside it is not its own.
core::Result<void> take_over_copy(Connection& connection, std::int64_t schema, const std::string& path,
                                  core::SystemTime now) {
  EG_CHECK(migrate(connection, schema, now));
  return begin_epoch(connection, path, now);
}

}  // namespace

core::Result<std::unique_ptr<Store>> SqliteStore::open(const SqliteOptions& options, const core::Clock& clock,
                                                       observability::Metrics& metrics) {
  EG_TRY(auto parts, open_parts(options, clock.system_now()));
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(parts), options, clock, metrics));
  EG_CHECK(store->loaded_);
  return std::unique_ptr<Store>(std::move(store));
}

core::Result<SqliteStore::Parts> SqliteStore::open_parts(const SqliteOptions& options, core::SystemTime now) {
  Parts parts;
  EG_TRY(parts.file, DatabaseFile::claim(options.path));
  if (has_copy_mark(options.path)) EG_CHECK(set_foreign_log_aside(options.path));
  EG_TRY(parts.connection, Connection::open(options.path, Connection::Mode::kReadWrite));
  parts.connection->keep_log_on_close(true);
  EG_TRY(const std::int64_t schema, check_schema(*parts.connection));
  parts.connection->keep_log_on_close(false);
  EG_TRY(const bool copy, has_copy_mark(*parts.connection));
  if (copy) EG_CHECK(take_over_copy(*parts.connection, schema, options.path, now));
  EG_CHECK(apply_writer_settings(*parts.connection, {options.wal_cap_bytes, options.max_bytes}));
  EG_CHECK(migrate(*parts.connection, copy ? newest_schema() : schema, now));
  EG_CHECK(begin_epoch(*parts.connection, options.path, now));
  EG_TRY(parts.checkpoints, Connection::open(options.path, Connection::Mode::kReadWrite));
  EG_CHECK(apply_checkpoint_settings(*parts.checkpoints));
  EG_TRY(parts.readers, ReaderPool::open(options.path, options.read_connections, {options.read_deadline}));
  EG_TRY(parts.outbox_readers, ReaderPool::open(options.path, options.outbox_read_connections, kQueueDeadline));
  EG_TRY(parts.ping_reader, ReaderPool::open(options.path, 1, {options.read_deadline}));
  return parts;
}

SqliteStore::SqliteStore(Parts parts, const SqliteOptions& options, const core::Clock& clock,
                         observability::Metrics& metrics)
    : parts_(std::move(parts)),
      loaded_(state_.load(*parts_.connection, clock.system_now())),
      queue_({options.max_group, options.max_waiting, options.settle_interval}),
      outbox_(*parts_.outbox_readers, queue_, state_.types, state_.slots, state_.epochs),
      log_(*parts_.connection, std::move(parts_.checkpoints),
           {parts_.readers.get(), parts_.outbox_readers.get(), parts_.ping_reader.get()}, {options.wal_cap_bytes},
           metrics),
      writer_(*parts_.connection, state_, log_, queue_, clock, metrics) {}

SqliteStore::~SqliteStore() { stop(); }

void SqliteStore::transact(Body body, Done done) {
  WriteJob job{std::move(body), std::move(done)};
  if (auto pushed = queue_.push(job); !pushed) job.done(std::move(pushed).error());
}

core::Result<void> SqliteStore::read(const ReadBody& body) {
  EG_TRY(auto lease, parts_.readers->acquire());
  VersionReader reader(lease.connection(), state_.types);
  return body(reader);
}

core::Result<void> SqliteStore::ping() {
  EG_TRY(auto lease, parts_.ping_reader->acquire());
  return lease.connection().run(Query::kPing);
}

void SqliteStore::probe_writing() {
  if (probing_.exchange(true)) return;
  transact([](Transaction& transaction) { return static_cast<SqliteTransaction&>(transaction).try_space(); },
           [this](const core::Result<CommitReceipt>&) { probing_ = false; });
}

void SqliteStore::stop() {
  writer_.stop();
  log_.stop();
  parts_.ping_reader->close();
  parts_.outbox_readers->close();
  parts_.readers->close();
}

}  // namespace sqlite

core::Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options, const core::Clock& clock,
                                                       observability::Metrics& metrics) {
  return sqlite::SqliteStore::open(options, clock, metrics);
}

}  // namespace embergate::store
