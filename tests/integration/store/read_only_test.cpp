// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "embergate/observability/metrics.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "support/temp_dir.hpp"

namespace embergate::store {
namespace {

core::Result<std::size_t> clients_in(const std::string& path) {
  std::size_t found = 0;
  EG_CHECK(read_sqlite_database(path, [&](Reader& reader) -> core::Result<void> {
    EG_TRY(const auto versions, reader.list_current("Client", 10));
    found = versions.size();
    return {};
  }));
  return found;
}

TEST(ReadOnlyDatabase, IsReadBesideTheProcessThatOwnsIt) {
  const test::TempDir dir;
  observability::Metrics metrics;
  SqliteOptions options;
  options.path = dir.file("gateway.db");
  {
    const auto store = open_sqlite_store(options, core::system_clock(), metrics);
    ASSERT_TRUE(store) << store.error().diagnostics;
    const auto beside = clients_in(options.path);
    ASSERT_TRUE(beside) << beside.error().diagnostics;
    EXPECT_EQ(*beside, 0U);
    EXPECT_TRUE((*store)->ping());
  }
  EXPECT_TRUE(clients_in(options.path));  // and after it has gone
}

TEST(ReadOnlyDatabase, ThatIsNotThereIsNotMade) {
  const test::TempDir dir;
  const auto absent = clients_in(dir.file("absent.db"));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, core::ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir.file("absent.db")));
  const auto junk = clients_in(dir.write("junk.db", std::string(4'096, 'x')));
  ASSERT_FALSE(junk);
  EXPECT_NE(junk.error().code, core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace embergate::store
