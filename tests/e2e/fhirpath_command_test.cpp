// SPDX-License-Identifier: Apache-2.0
// `embergate fhirpath` as a process: arguments, exit codes, and where output goes.
#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/gateway.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {
namespace {

class FhirpathProgram : public testing::Test {
 protected:
  ProgramResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {gateway_binary(), "fhirpath"});
    return run_program(std::move(arguments), base_environment(), folder.path().string());
  }
  TempDir folder;
  std::string task = folder.write("task.json", R"({"resourceType":"Task","status":"ready","intent":"order"})");
};

TEST_F(FhirpathProgram, EndsWithZeroWhenEvaluatedOneWhenThatFailedTwoWhenTheExpressionIsBad) {
  const ProgramResult good = run({"--resource", task, "--json", "status"});
  EXPECT_EQ(good.exit_code, 0) << good.error;
  EXPECT_EQ(good.output, "[{\"type\":\"FHIR.code\",\"value\":\"ready\",\"path\":\"Task.status\"}]\n");
  EXPECT_EQ(good.error, "");
  const ProgramResult failed = run({"--resource", task, "status > 1"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.output, "");
  EXPECT_NE(failed.error, "");
  EXPECT_EQ(run({"--resource", task, "status ="}).exit_code, 2);
  EXPECT_EQ(run({"--resource", task, "--no-such-option", "status"}).exit_code, 2);
  EXPECT_EQ(run({}).exit_code, 2);
}

TEST_F(FhirpathProgram, NoArgumentSteersTheTerminalByWhatIsSaidOfIt) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"explain", "\x1b[2J"},
                                                {"\x1b[2J"},
                                                {"--\x1b[2J"},
                                                {"help", "\x1b[2J"},
                                                {"vault", "check", "--as", "\x1b[2J"},
                                                {"fhirpath", "--resource", "\x1b[2J", "id"},
                                                {"backup", "--check", "\x1b[2J"}}) {
    std::vector<std::string> all{gateway_binary()};
    all.insert(all.end(), words.begin(), words.end());
    const ProgramResult said = run_program(all, base_environment(), folder.path().string());
    EXPECT_EQ(said.error.find('\x1b'), std::string::npos) << said.error;
    EXPECT_NE(said.error.find("\\u001b[2J"), std::string::npos) << words.front() << ": " << said.error << said.output;
  }
}

TEST_F(FhirpathProgram, TakesAnExpressionThatBeginsWithAMinus) { EXPECT_EQ(run({"--", "-1 + 3"}).output, "2\n"); }

TEST_F(FhirpathProgram, FindsTheTablesOfOtherVersionsBesideItself) {
  const ProgramResult other = run({"--fhir-version", "R5", "--check", "--type", "ActorDefinition", "status.exists()"});
  EXPECT_EQ(other.exit_code, 0) << other.error;
  EXPECT_EQ(run({"--fhir-version", "R4B", "--check", "--type", "ActorDefinition", "status.exists()"}).exit_code, 2);
}

TEST_F(FhirpathProgram, AnswersCasesAndEndsWithZeroWhateverTheyGive) {
  const std::string cases = folder.write("cases.ndjson",
                                         "{\"id\":1,\"expression\":\"status\",\"resourceFile\":\"task.json\"}\n"
                                         "{\"id\":2,\"expression\":\"1 +\"}\nnonsense\n");
  const ProgramResult answers = run({"--cases", cases});
  EXPECT_EQ(answers.exit_code, 0) << answers.error;
  EXPECT_TRUE(answers.output.starts_with(
      "{\"id\":1,\"result\":[{\"type\":\"FHIR.code\",\"value\":\"ready\"}]}\n{\"id\":2,\"error\":"))
      << answers.output;
  EXPECT_NE(answers.output.find("\n{\"id\":null,\"error\":"), std::string::npos) << answers.output;
}

}  // namespace
}  // namespace embergate::test
