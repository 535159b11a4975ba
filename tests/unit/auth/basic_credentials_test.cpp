// SPDX-License-Identifier: Apache-2.0
#include "auth/basic_credentials.hpp"

#include <gtest/gtest.h>

#include "auth/constant_time.hpp"

namespace embergate::auth {
namespace {

bool is(const vault::Secret& secret, const char* text) { return equal_in_constant_time(secret, vault::Secret(text)); }

TEST(BasicCredentials, TakeIdAndSecretApart) {
  const auto credential = parse_basic("Basic aW50YWtlOmNucnk6c2VjcmV0");  // intake:cnry:secret
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->client_id, "intake");
  EXPECT_TRUE(is(credential->secret, "cnry:secret"));
  EXPECT_FALSE(is(credential->secret, "cnry:secreu"));
}

TEST(BasicCredentials, TheSchemeIsComparedWithoutCase) { EXPECT_TRUE(parse_basic("bAsIc aTpz")); }

TEST(BasicCredentials, RefuseWhatIsNotWellFormed) {
  for (const char* header : {"", "Basic", "Basic ", "Bearer abc", "Basic aTpz!", "Basic aTp", "Basic aXM=x",
                             "Basic aXM=", "Basic aTpz AAAA"}) {
    EXPECT_FALSE(parse_basic(header)) << header;
  }
  EXPECT_FALSE(parse_basic("Basic aTpzAA==")) << "a NUL byte inside";
}

}  // namespace
}  // namespace embergate::auth
