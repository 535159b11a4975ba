// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace embergate::vault {
namespace {

TEST(SecretNames, AreMadeOfTheAllowedCharactersOnly) {
  EXPECT_TRUE(make_secret_name("events-jaas"));
  EXPECT_TRUE(make_secret_name("A.b_c-9"));
  EXPECT_TRUE(make_secret_name(std::string(128, 'a')));
  const std::vector<std::string> refused{"", std::string(129, 'a'), "a b", "a/b", "ä", std::string("a\0b", 3), "a\n"};
  for (const auto& bad : refused) {
    EXPECT_FALSE(make_secret_name(bad)) << bad.size();
  }
}

}  // namespace
}  // namespace embergate::vault
