// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/slot_table.hpp"

#include <gtest/gtest.h>

namespace embergate::store::sqlite {
namespace {

SlotState with_last(EventNumber number) {
  SlotState state;
  state.last_event_number = number;
  return state;
}
const DestinationSlot kSlot(7);

TEST(SlotTable, ShowsOthersOnlyWhatWasPublished) {
  SlotTable slots;
  slots.put(kSlot, with_last(3));
  ASSERT_NE(slots.find(kSlot), nullptr);
  EXPECT_FALSE(slots.published(kSlot));
  slots.publish();
  EXPECT_EQ(slots.published(kSlot)->last_event_number, 3);
  slots.erase(kSlot);
  EXPECT_TRUE(slots.published(kSlot));
  slots.publish();
  EXPECT_FALSE(slots.published(kSlot));
}

TEST(SlotTable, TakesBackChangesToAMark) {
  SlotTable slots;
  slots.put(kSlot, with_last(1));
  slots.publish();
  slots.put(kSlot, with_last(2));
  const auto mark = slots.mark();
  slots.put(kSlot, with_last(3));
  slots.erase(kSlot);
  slots.put(DestinationSlot(8), with_last(1));
  slots.undo_to(mark);
  EXPECT_EQ(slots.find(kSlot)->last_event_number, 2);
  EXPECT_EQ(slots.find(DestinationSlot(8)), nullptr);
  slots.undo_to(0);
  EXPECT_EQ(slots.find(kSlot)->last_event_number, 1);
  slots.publish();
  EXPECT_EQ(slots.published(kSlot)->last_event_number, 1);
}

}  // namespace
}  // namespace embergate::store::sqlite
