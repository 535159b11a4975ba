// SPDX-License-Identifier: Apache-2.0
// The scanner that later proves the absence of leaks must itself find what is there.
#include "support/canary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace embergate::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Canary : public ::testing::Test {
 protected:
  Canary() { scanner_.add("c", "cnry-c-0123456789abcdef\"0123456789abcdef"); }
  CanaryScanner scanner_;
};

TEST_F(Canary, IsFoundInEveryFormByAnyTwelveBytes) {
  EXPECT_THAT(scanner_.scan("xx 0123456789ab xx", "s"), ElementsAre("c as plain text in s"));
  EXPECT_THAT(scanner_.scan("abcdef\\\"01234567", "s"), ElementsAre("c as JSON escapes in s"));
  EXPECT_THAT(scanner_.scan("abcdef%22012345", "s"), ElementsAre("c as URL escapes in s"));
  EXPECT_THAT(scanner_.scan("636e72792d632d3031323334", "s"), ElementsAre("c as hex in s"));
  EXPECT_THAT(scanner_.scan("636E72792D632D3031323334", "s"), ElementsAre("c as hex in s"));
  EXPECT_THAT(scanner_.scan("Y25yeS1jLTAxMjM0NTY3", "s"), ElementsAre("c as base64 in s"));          // at offset 0
  EXPECT_THAT(scanner_.scan("dTpjbnJ5LWMtMDEyMzQ1Njc4OQ==", "s"), ElementsAre("c as base64 in s"));  // behind "u:"
  EXPECT_THAT(scanner_.scan(std::string("c\0n\0r\0y\0-\0c\0-\0"
                                        "0\0"
                                        "1\0"
                                        "2\0"
                                        "3\0"
                                        "4\0",
                                        24),
                            "s"),
              ElementsAre("c as UTF-16 in s"));
}

TEST_F(Canary, IsNotFoundWhereItIsNot) {
  EXPECT_THAT(scanner_.scan("cnry-d-0123", "s"), IsEmpty());
  EXPECT_THAT(scanner_.scan("", "s"), IsEmpty());
}

TEST_F(Canary, IsFoundInFilesBelowADirectory) {
  const TempDir dir;
  dir.write("db/state-wal", "....0123456789abcdef....");
  dir.write("db/clean", "nothing");
  EXPECT_EQ(scanner_.scan_directory(dir.path()).size(), 1U);
}

TEST(CanaryValue, IsNewEachTimeAndNamesItsSecret) {
  EXPECT_NE(make_canary("a"), make_canary("a"));
  EXPECT_TRUE(make_canary("jaas").starts_with("cnry-jaas-"));
}

}  // namespace
}  // namespace embergate::test
