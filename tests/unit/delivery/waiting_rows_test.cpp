// SPDX-License-Identifier: Apache-2.0
#include "delivery/waiting_rows.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "delivery/held_resources.hpp"
#include "fake_outbox.hpp"

namespace embergate::delivery {
namespace {

using State = store::HeldRow::State;

const store::DestinationSlot kSlot{9};

store::HeldRow row_of(State state, const std::string& word) {
  store::HeldRow row;
  row.event_number = 1;
  row.type = "Patient";
  row.id = "p1";
  row.state = state;
  row.code = word;
  row.reason = "a reason";
  return row;
}

std::string code_shown(const store::HeldRow& row) {
  test::FakeOutbox outbox;
  outbox.append(row.type, row.id);
  store::Settlement settlement;
  settlement.slot = kSlot;
  settlement.held.push_back(row);
  outbox.settle(settlement, [](const core::Result<void>&) {});
  const auto text = read_waiting_json(outbox, kSlot, {});
  EXPECT_TRUE(text);
  const nlohmann::json answer = nlohmann::json::parse(*text);
  for (const auto& parameter : answer["parameter"]) {
    if (parameter["name"] != "row") continue;
    for (const auto& part : parameter["part"]) {
      if (part["name"] == "code") return part["valueCode"];
    }
  }
  return "none";
}

TEST(WaitingRows, HaveTheErrorCodeOfTheirStateWhateverWordTheyWereStoredWith) {
  EXPECT_EQ(code_shown(row_of(State::kWaiting, kTooLongForBroker)), "kafka.too-large");
  EXPECT_EQ(code_shown(row_of(State::kWaiting, kTooLongForUs)), "destination.record-too-large");
  EXPECT_EQ(code_shown(row_of(State::kWaiting, kRefusedByBroker)), "kafka.record-refused");
  EXPECT_EQ(code_shown(row_of(State::kWaiting, "")), "kafka.record-refused") << "of a version that stored none";
  EXPECT_EQ(code_shown(row_of(State::kWaiting, "a-word-of-before")), "kafka.record-refused");
  EXPECT_EQ(code_shown(row_of(State::kWaiting, kOvertaken)), "none") << "released, and refused by no broker";
  for (const char* word : {kTooLongForBroker, kRefusedByBroker, kOvertaken, ""})
    EXPECT_EQ(code_shown(row_of(State::kSuperseded, word)), "destination.event-superseded") << word;
  EXPECT_EQ(code_shown(row_of(State::kUndecided, kUndecided)), "topic.undecided");
}

}  // namespace
}  // namespace embergate::delivery
