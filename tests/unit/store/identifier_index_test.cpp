// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/identifier_index.hpp"

#include <gtest/gtest.h>

namespace embergate::store::sqlite {
namespace {

TEST(PackedIdentifiers, ComeBackSortedAndOnce) {
  const std::vector<Identifier> identifiers{{"b", "2"}, {"a", "1"}, {"b", "2"}, {"", std::string("x\0y", 3)}};
  const auto unpacked = unpack_identifiers(pack_identifiers(identifiers));
  ASSERT_EQ(unpacked.size(), 3u);
  EXPECT_EQ(unpacked[0].system, "");
  EXPECT_EQ(unpacked[0].value, std::string("x\0y", 3));
  EXPECT_EQ(unpacked[1].system, "a");
  EXPECT_EQ(unpacked[2].value, "2");
}

TEST(PackedIdentifiers, AreTheSameTextForTheSameSet) {
  const std::vector<Identifier> one{{"b", "2"}, {"a", "1"}};
  const std::vector<Identifier> other{{"a", "1"}, {"b", "2"}, {"a", "1"}};
  EXPECT_EQ(pack_identifiers(one), pack_identifiers(other));
  EXPECT_EQ(pack_identifiers({}), "");
}

TEST(PackedIdentifiers, OfADamagedRowEndInsteadOfReadingOn) {
  const std::vector<Identifier> identifiers{{"system", "value"}};
  const std::string packed = pack_identifiers(identifiers);
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_LE(unpack_identifiers(std::string_view(packed).substr(0, length)).size(), 1u);
  }
}

}  // namespace
}  // namespace embergate::store::sqlite
