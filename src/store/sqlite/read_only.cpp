// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <system_error>

#include "embergate/store/sqlite_store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/settings.hpp"
#include "store/sqlite/version_reader.hpp"

namespace embergate::store {

core::Result<void> read_sqlite_database(const std::string& path, const Store::ReadBody& body) {
  if (std::error_code error; !std::filesystem::exists(path, error))
    return core::make_error(core::ErrorCode::kNotFound, "there is no database at BOX_DB_PATH");
  EG_TRY(auto connection, sqlite::Connection::open(path, sqlite::Connection::Mode::kReadOnly));
  EG_CHECK(sqlite::apply_reader_settings(*connection));
  EG_TRY(const auto schema, sqlite::check_schema(*connection));
  if (schema == 0) return core::make_error(core::ErrorCode::kNotFound, "the database at BOX_DB_PATH is empty");
  sqlite::TypeTable types;
  EG_CHECK(types.load(*connection));
  EG_CHECK(connection->run(sqlite::Query::kBeginRead));
  sqlite::VersionReader reader(*connection, types);
  auto done = body(reader);
  EG_CHECK(connection->run(sqlite::Query::kCommit));
  return done;
}

}  // namespace embergate::store
