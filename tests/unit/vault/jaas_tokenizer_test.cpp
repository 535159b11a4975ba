// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/jaas_tokenizer.hpp"

#include <gtest/gtest.h>

namespace embergate::vault {
namespace {

TEST(JaasTokenizer, SkipsTheLineAfterASingleSlashAtALineEndAsKafkaDoes) {
  JaasTokenizer tokens("a /\nb\nc");
  EXPECT_EQ(tokens.next().text, "a");
  EXPECT_EQ(tokens.next().text, "c");
  EXPECT_EQ(tokens.next().kind, JaasToken::Kind::kEnd);
}

TEST(JaasTokenizer, EndsAtACommentThatIsNotClosed) {
  JaasTokenizer tokens("a /*/ b");
  EXPECT_EQ(tokens.next().text, "a");
  EXPECT_EQ(tokens.next().kind, JaasToken::Kind::kEnd);
}

}  // namespace
}  // namespace embergate::vault
