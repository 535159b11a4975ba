// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pipeline_model.hpp"

namespace embergate::delivery {
namespace {

class PipelineModel : public ::testing::TestWithParam<std::uint32_t> {};

void run(std::uint32_t seed, test::Faults faults, int steps) {
  test::PipelineModel model(seed, faults);
  for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) model.step();
  if (::testing::Test::HasFailure()) return;
  model.finish();
  model.check_end();
}

TEST_P(PipelineModel, DeliversEverythingInOrderWithoutFaults) { run(GetParam(), {}, 2'000); }

TEST_P(PipelineModel, KeepsItsPromisesWhenTheConnectionBreaks) {
  run(GetParam() + 1'000, {.break_connection = 0.1, .fail_settlement = 0.2}, 3'000);
}

TEST_P(PipelineModel, KeepsItsPromisesWhenRecordsAreRefused) {
  run(GetParam() + 2'000, {.refuse_record = 0.05, .fail_settlement = 0.1}, 3'000);
}

TEST_P(PipelineModel, KeepsItsPromisesWhenEverythingFails) {
  run(GetParam() + 3'000, {.refuse_record = 0.05, .break_connection = 0.08, .fail_settlement = 0.2, .crash = 0.05},
      5'000);
}

TEST_P(PipelineModel, HoldsBackOnlyTheResourcesOfRowsThatAreTooLong) {
  run(GetParam() + 4'000,
      {.refuse_record = 0.03, .break_connection = 0.08, .fail_settlement = 0.1, .crash = 0.03, .too_long = 0.01},
      5'000);
}

TEST_P(PipelineModel, SendsEveryRowThatWasRefusedWhenThereIsNoOrderToKeep) {
  run(GetParam() + 5'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.03,
       .too_long = 0.005,
       .ordered = false},
      4'000);
}

TEST_P(PipelineModel, LearnsTheSizeThatTheBrokerTakesAndLosesNothing) {
  run(GetParam() + 6'000,
      {.break_connection = 0.03, .fail_settlement = 0.1, .crash = 0.02, .long_record = 0.1, .company = 0.05}, 4'000);
}

TEST_P(PipelineModel, KeepsOrderWhenMoreRowsWaitThanMemoryHolds) {
  run(GetParam() + 7'000,
      {.refuse_record = 0.3,
       .break_connection = 0.03,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .long_record = 0.1,
       .max_held = 2},
      5'000);
}

TEST_P(PipelineModel, SendsAllWithoutOrderWhenMoreRowsWaitThanMemoryHolds) {
  run(GetParam() + 8'000,
      {.refuse_record = 0.3,
       .break_connection = 0.03,
       .crash = 0.02,
       .long_record = 0.1,
       .ordered = false,
       .max_held = 3},
      4'000);
}

TEST_P(PipelineModel, FollowsAnOperatorWhoReleasesAndDiscards) {
  run(GetParam() + 9'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .long_record = 0.05,
       .operate = 0.1,
       .max_held = GetParam() % 2 == 0 ? std::size_t{2} : std::size_t{1'000}},
      5'000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PipelineModel, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace embergate::delivery
