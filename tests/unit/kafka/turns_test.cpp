// SPDX-License-Identifier: Apache-2.0
#include "kafka/turns.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace embergate::kafka {
namespace {

struct Asker {
  std::vector<int> begun;
  std::vector<std::shared_ptr<Turns::Turn>> held;
  Turns::Begin begin(int who) {
    return [this, who](std::shared_ptr<Turns::Turn> turn) {
      begun.push_back(who);
      held.push_back(std::move(turn));
    };
  }
};

TEST(Turns, GoToSoManyAtATimeInTheOrderOfAsking) {
  Turns turns(2);
  Asker asker;
  for (int who = 0; who < 5; ++who) turns.ask(asker.begin(who));
  EXPECT_EQ(asker.begun, (std::vector<int>{0, 1}));
  asker.held[0].reset();
  EXPECT_EQ(asker.begun, (std::vector<int>{0, 1, 2}));
  asker.held[2].reset();
  asker.held[1].reset();
  EXPECT_EQ(asker.begun, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Turns, PassOnWhenNobodyWantsThem) {
  Turns turns(1);
  Asker asker;
  turns.ask(asker.begin(0));
  turns.ask([](const std::shared_ptr<Turns::Turn>& turn) { EXPECT_NE(turn, nullptr); });  // drops it at once
  turns.ask(asker.begin(2));
  asker.held[0].reset();
  EXPECT_EQ(asker.begun, (std::vector<int>{0, 2}));
}

TEST(Turns, AreForgottenByThoseWhoStillWait) {
  Turns turns(1);
  Asker asker;
  turns.ask(asker.begin(0));
  turns.ask(asker.begin(1));
  turns.forget_all();
  asker.held[0].reset();
  EXPECT_EQ(asker.begun, (std::vector<int>{0}));
  turns.ask(asker.begin(2));
  EXPECT_EQ(asker.begun, (std::vector<int>{0, 2}));
}

}  // namespace
}  // namespace embergate::kafka
