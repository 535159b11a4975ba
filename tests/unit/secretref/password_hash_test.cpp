// SPDX-License-Identifier: Apache-2.0
#include "embergate/secretref/password_hash.hpp"

#include <gtest/gtest.h>

namespace embergate::secretref {
namespace {

TEST(PasswordHash, VerifiesTheSamePasswordOnly) {
  const auto hash = hash_password("correct horse");
  EXPECT_TRUE(verify_password("correct horse", hash));
  EXPECT_FALSE(verify_password("correct horse ", hash));
  EXPECT_FALSE(verify_password("", hash));
  EXPECT_EQ(hash.find("correct"), std::string::npos);
}

TEST(PasswordHash, HasASaltOfItsOwn) { EXPECT_NE(hash_password("same"), hash_password("same")); }

TEST(PasswordHash, StatesItsParameters) {
  EXPECT_TRUE(hash_password("x").starts_with("$scrypt$ln=14,r=8,p=1$"));
  EXPECT_EQ(hash_password("x").find('='), hash_password("y").find('='));
}

TEST(PasswordHash, AgreesWithAnotherImplementation) {
  // Python: hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride16", n=1<<14, r=8, p=1, dklen=32)
  EXPECT_TRUE(verify_password(
      "pleaseletmein", "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGUxNg$ywd3KuG5N75+/+n/Cjfqd4qjzQQanR1jI1SPfrFKXNY"));
}

TEST(PasswordHash, IsFalseForAnythingMalformed) {
  const auto good = hash_password("x");
  EXPECT_TRUE(is_password_hash(good));
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("$scrypt$"), good + "=", good + "A",
        good.substr(0, good.size() - 1), " " + good, std::string("$scrypt$ln=30,r=8,p=1$") + good.substr(22),
        std::string("$scrypt$ln=14,r=9,p=1$") + good.substr(22),
        std::string("$scrypt$ln=14,r=8,p=1$") + std::string(22, '!') + good.substr(44)}) {
    EXPECT_FALSE(is_password_hash(bad)) << bad;
    EXPECT_FALSE(verify_password("x", bad)) << bad;
  }
}

}  // namespace
}  // namespace embergate::secretref
