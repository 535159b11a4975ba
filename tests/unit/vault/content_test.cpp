// SPDX-License-Identifier: Apache-2.0
#include "vault/content.hpp"

#include <gtest/gtest.h>

namespace embergate::vault {
namespace {

using namespace std::string_literals;

// "=value" or "!reason".
std::string outcome(std::string bytes, ContentKind kind = ContentKind::kSingleLine, bool raw = false) {
  const auto content = normalise(std::move(bytes), kind, raw);
  if (!content.reason.empty()) return "!" + std::string(content.reason);
  return content.value.with_plaintext([](std::string_view text) { return "=" + std::string(text); });
}

TEST(Content, RM24_LosesExactlyOneFinalNewline) {
  EXPECT_EQ(outcome("pass"), "=pass");
  EXPECT_EQ(outcome("pass\n"), "=pass");
  EXPECT_EQ(outcome("pass\r\n"), "=pass");
  EXPECT_EQ(outcome(" pass\t "), "= pass\t ");
  EXPECT_EQ(outcome("pass\n\n"), "!multi-line");
  EXPECT_EQ(outcome("\npass"), "!multi-line");
  EXPECT_EQ(outcome("pass\r"), "!multi-line");
  EXPECT_EQ(outcome("a\nb"), "!multi-line");
}

TEST(Content, IsNeverEmpty) {
  for (const auto kind : {ContentKind::kSingleLine, ContentKind::kJaas, ContentKind::kPem, ContentKind::kHeader}) {
    EXPECT_EQ(outcome("", kind), "!empty");
    EXPECT_EQ(outcome("\n", kind), "!empty");
    EXPECT_EQ(outcome("\r\n", kind), "!empty");
    EXPECT_EQ(outcome("", kind, true), "!empty");
  }
}

TEST(Content, BI12_IsPlainUtf8Text) {
  EXPECT_EQ(outcome("pässwörd-€-\U0001F511"), "=pässwörd-€-\U0001F511");
  EXPECT_EQ(outcome("pass\0word"s), "!nul-byte");
  EXPECT_EQ(outcome("\xEF\xBB\xBFpass"), "!bad-encoding");
  EXPECT_EQ(outcome("\xFF\xFEp\0a\0"s), "!bad-encoding");
  EXPECT_EQ(outcome("\xFE\xFF\0p\0a"s), "!bad-encoding");
  EXPECT_EQ(outcome("p\0a\0s\0"s), "!nul-byte");
  for (const auto& bad : {"\xC0\xAF"s, "\xE0\x80\xAF"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xF0\x80\x80\x80"s,
                          "\x80"s, "ab\xC3"s, "\xE2\x82"s, "\xF8\x88\x80\x80\x80"s}) {
    EXPECT_EQ(outcome(bad), "!bad-encoding");
  }
}

TEST(Content, BI12_RefusesATemplateThatWasNotFilledIn) {
  EXPECT_EQ(outcome("<no value>"), "!unrendered-template");
  EXPECT_EQ(outcome("user=<no value>;"), "!unrendered-template");
  EXPECT_EQ(outcome("{{ .Data.password }}"), "!unrendered-template");
  EXPECT_EQ(outcome(" {{ .Data.password }} \n"), "!unrendered-template");
  EXPECT_EQ(outcome("a{{b}}"), "=a{{b}}");
  EXPECT_EQ(outcome("x <no value> y", ContentKind::kJaas), "!unrendered-template");
}

TEST(Content, IsLeftAloneWhenTheEntryIsRaw) {
  EXPECT_EQ(outcome("a\0b\n"s, ContentKind::kSingleLine, true), "=a\0b\n"s);
  EXPECT_EQ(outcome("\xFF\xFE", ContentKind::kSingleLine, true), "=\xFF\xFE");
  EXPECT_EQ(outcome("X: a\r\nY: b", ContentKind::kHeader, true), "!multi-line");
}

TEST(Content, MayBeAsLongAsItsKindAllows) {
  EXPECT_EQ(outcome(std::string(65'536, 'x')).size(), 65'537U);
  EXPECT_EQ(outcome(std::string(65'537, 'x')), "!too-large");
  EXPECT_EQ(outcome("X: " + std::string(8'189, 'x'), ContentKind::kHeader).size(), 8'193U);
  EXPECT_EQ(outcome("X: " + std::string(70'000, 'x'), ContentKind::kHeader), "!too-large");
  EXPECT_EQ(outcome(std::string(1'048'576, 'x'), ContentKind::kJaas).size(), 1'048'577U);
  EXPECT_EQ(outcome(std::string(1'048'577, 'x'), ContentKind::kJaas), "!too-large");
}

TEST(Content, BI13_OfAHeaderIsOneFieldThatMayBeSet) {
  const auto header = [](std::string bytes) { return outcome(std::move(bytes), ContentKind::kHeader); };
  EXPECT_EQ(header("Authorization: Bearer abc\n"), "=Authorization: Bearer abc");
  EXPECT_EQ(header("X-Api-Key:abc"), "=X-Api-Key:abc");
  EXPECT_EQ(header("X: a\r\nY: b"), "!multi-line");
  for (const auto& bad : {"Host: x"s, "content-length: 3"s, "Transfer-Encoding: chunked"s, "Connection: close"s,
                          "no-colon"s, ": x"s, "X Y: z"s, "X : z"s, "X:"s, "X:  "s, "X: a\x01"s, "X: a\x7F"s}) {
    EXPECT_EQ(header(bad), "!bad-header") << bad;
  }
}

TEST(Content, OfPemIsWhole) {
  const auto pem = [](std::string bytes) { return outcome(std::move(bytes), ContentKind::kPem); };
  const std::string whole = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
  EXPECT_EQ(pem(whole + "\n"), "=" + whole);
  EXPECT_EQ(pem(whole + "\n" + whole + "\n"), "=" + whole + "\n" + whole);
  EXPECT_EQ(pem("-----BEGIN PRIVATE KEY-----\nAAAA\n"), "!bad-pem");
  EXPECT_EQ(pem(whole + "\n-----BEGIN CERTIFICATE-----\nBB"), "!bad-pem");
  EXPECT_EQ(pem("password"), "!bad-pem");
}

TEST(Content, OfJaasMaySpanLines) {
  EXPECT_EQ(outcome("// comment\nx required\n  username=\"u\";\n", ContentKind::kJaas),
            "=// comment\nx required\n  username=\"u\";");
}

}  // namespace
}  // namespace embergate::vault
