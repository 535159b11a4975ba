// SPDX-License-Identifier: Apache-2.0
// What the fuzzers once found, and the engine's known criteria, run again without a fuzzer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "fuzz/targets.hpp"
#include "support/temp_dir.hpp"

namespace embergate::fuzz {
namespace {

namespace fs = std::filesystem;
const fs::path kSources = EMBERGATE_SOURCE_DIR;

using Target = void (*)(std::string_view);

std::size_t replay(Target target, const fs::path& folder) {
  std::size_t runs = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    // A thread keeps memory for its evaluations; each input meets it fresh.
    std::thread([&] { target(test::read_file(file.path())); }).join();
    ++runs;
  }
  return runs;
}

TEST(FuzzRegressions, ExpressionsOfOldAreHandled) {
  EXPECT_GT(replay(expression, kSources / "tests/fuzz/regressions/expression"), 0U);
}

TEST(FuzzRegressions, EvaluationsOfOldAreHandled) {
  EXPECT_GT(replay(evaluation, kSources / "tests/fuzz/regressions/evaluation"), 0U);
}

TEST(FuzzRegressions, BothTargetsTakeTheKnownCriteria) {
  for (const auto& row : nlohmann::json::parse(std::ifstream(kSources / "tests/data/fhirpath/triggers.json"))) {
    const std::string text = row["criteria"];
    expression(text);
    evaluation(text);
    evaluation(text + "\n%%\n{\"resourceType\":\"" + row["resource"].get<std::string>() + "\"}");
  }
}

TEST(FuzzRegressions, AnInputThatIsNothingIsHandled) {
  for (const std::string_view input : {"", "\n%%\n", "true\n%%\n", "true\n%%\n[]", "\n%%\n{}"}) {
    expression(input);
    evaluation(input);
  }
}

}  // namespace
}  // namespace embergate::fuzz
