// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/fault.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace embergate::core {
namespace {

TEST(FaultTable, HasACodeOfItsOwnAndAllTextsForEveryFault) {
  std::set<std::string_view> codes;
  for (const FaultText& row : fault_table()) {
    EXPECT_TRUE(codes.insert(row.code).second) << row.code << " stands twice";
    EXPECT_NE(row.code.find('.'), std::string_view::npos) << row.code;
    for (const std::string_view text : {row.title, row.explanation, row.remedy, row.page})
      EXPECT_FALSE(text.empty()) << row.code;
    EXPECT_FALSE(row.explanation.ends_with('.') || row.remedy.ends_with('.')) << row.code << ": texts are joined";
    EXPECT_EQ(&text_of(row.fault), &row);
    EXPECT_EQ(fault_from(row.code), row.fault);
  }
}

TEST(FaultTable, HasNoRowForWhatIsNoFault) {
  EXPECT_EQ(code_of(Fault::kNone), "");
  EXPECT_EQ(fault_from(""), std::nullopt);
  EXPECT_EQ(fault_from("kafka.unheard-of"), std::nullopt);
}

}  // namespace
}  // namespace embergate::core
