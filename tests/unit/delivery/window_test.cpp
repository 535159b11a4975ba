// SPDX-License-Identifier: Apache-2.0
// The memory that windows take: little for one record, large chunks for many, which are used again.
#include "delivery/window.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace embergate::delivery {
namespace {

class WindowMemory : public testing::Test {
 protected:
  static topic::TopicDestination destination() {
    topic::TopicDestination made;
    made.id = "d";
    made.topic_url = "t";
    return made;
  }
  // A window of as many records with a resource of about 2 KB.
  Window window_of(int records) {
    WindowBuilder builder(*pool, writer, WindowBuilder::Limits{}, true);
    store::OutboxEvent event;
    event.type = "Patient";
    event.id = "p1";
    event.version_id = 1;
    event.body = body;
    for (int i = 1; i <= records; ++i) {
      event.event_number = i;
      EXPECT_EQ(builder.add(event), WindowBuilder::Added::kYes);
    }
    return builder.finish();
  }
  static std::size_t capacity_of(const Window& window) {
    std::size_t bytes = 0;
    for (const std::string& chunk : window.batch->memory) bytes += chunk.capacity();
    return bytes;
  }
  static std::size_t size_of(const Window& window) {
    std::size_t bytes = 0;
    for (const std::string& chunk : window.batch->memory) bytes += chunk.size();
    return bytes;
  }

  std::shared_ptr<ChunkPool> pool = std::make_shared<ChunkPool>(64);
  NotificationWriter writer{destination(), {"box", "http://base", false}};
  std::string body = R"({"resourceType":"Patient","id":"p1","text":")" + std::string(2'000, 'x') + "\"}";
};

TEST_F(WindowMemory, OneRecordTakesKilobytesSinceHundredsOfDestinationsMayEachHaveOne) {
  EXPECT_LE(capacity_of(window_of(1)), 16u * 1024);
}

TEST_F(WindowMemory, IsNeverMuchMoreThanTwiceWhatTheRecordsNeed) {
  for (const int records : {10, 100, 300, 1'000, 5'000}) {
    const Window window = window_of(records);
    EXPECT_LE(capacity_of(window), 2 * size_of(window) + ChunkPool::kChunkBytes / 2) << records;
  }
}

TEST_F(WindowMemory, LargeChunksAreUsedAgain) {
  const char* memory = nullptr;
  {
    const Window first = window_of(3'000);
    memory = first.batch->memory.back().data();
    ASSERT_GE(first.batch->memory.back().capacity(), ChunkPool::kChunkBytes);
  }
  const Window second = window_of(3'000);
  const auto& chunks = second.batch->memory;
  EXPECT_TRUE(std::any_of(chunks.begin(), chunks.end(), [&](const std::string& one) { return one.data() == memory; }));
}

TEST_F(WindowMemory, RowsStayWhereTheyWereWhenMoreChunksAreTaken) {
  const Window window = window_of(2'000);
  for (const Row& row : window.rows) ASSERT_EQ(row.resource, "Patient/p1");
}

}  // namespace
}  // namespace embergate::delivery
