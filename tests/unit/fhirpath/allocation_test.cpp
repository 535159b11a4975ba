// SPDX-License-Identifier: Apache-2.0
// Evaluation allocates nothing once its thread has done the same before: every allocation of this program is counted.
// Not where a sanitizer has these operators for itself.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "trigger_data.hpp"

namespace {
thread_local std::size_t allocations = 0;

void* counted(std::size_t bytes) {
  ++allocations;
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace embergate::fhirpath::test {
namespace {

TEST(Allocation, IsCounted) {
  const std::size_t before = allocations;
  const auto memory = std::make_unique<std::string>(100, 'x');
  EXPECT_GE(allocations - before, 2U) << *memory;
}

TEST(Allocation, DoesNotHappenInSteadyStateForAnyOfTheCriteria) {
  const auto all = criteria();
  std::map<std::string, std::size_t> counted_by_criterion;
  for (int round = 0; round < 2; ++round) {
    for (const Change& change : changes()) {
      const EvaluationContext context = context_of(change.previous, change.current);
      for (const Criterion& criterion : all) {
        if (change.type != criterion.type) continue;
        const std::size_t before = allocations;
        const Truth truth = criterion.expression->evaluate_truth(context);
        const std::size_t made = allocations - before;
        if (round == 0 || truth == Truth::kError) continue;  // an error has a text
        counted_by_criterion[criterion.id + ": " + criterion.expression->text()] += made;
      }
    }
  }
  EXPECT_GT(counted_by_criterion.size(), 90U);
  for (const auto& [criterion, count] : counted_by_criterion) EXPECT_EQ(count, 0U) << criterion;
}

}  // namespace
}  // namespace embergate::fhirpath::test
#endif
