// SPDX-License-Identifier: Apache-2.0
#include "http/head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace embergate::http {
namespace {

constexpr HeadLimits kLimits{};

// The status the head is refused with, or 0.
int verdict(const std::string& bytes, Head& head, const HeadLimits& limits = kLimits) {
  HeadFinder finder(limits);
  switch (finder.look(bytes)) {
    case HeadFinder::State::kMore:
      return -1;
    case HeadFinder::State::kFaulty:
      return finder.fault().status;
    case HeadFinder::State::kComplete:
      break;
  }
  const auto fault = scan_head(std::string_view(bytes).substr(0, finder.size()), limits, head);
  return fault ? fault->status : 0;
}

int verdict(const std::string& bytes) {
  Head head;
  return verdict(bytes, head);
}

std::string with_fields(const std::string& fields) { return "POST /fhir HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n"; }

struct Case {
  const char* name;
  std::string bytes;
  int status;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class HeadVerdict : public testing::TestWithParam<Case> {};

TEST_P(HeadVerdict, IsAsTheTableSays) { EXPECT_EQ(verdict(GetParam().bytes), GetParam().status); }

// S-32 and BI-16, line by line.
INSTANTIATE_TEST_SUITE_P(
    BI16_Smuggling, HeadVerdict,
    testing::Values(
        Case{"ContentLengthAndTransferEncoding", with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
             400},
        Case{"TransferEncodingAndContentLength", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
             400},
        Case{"TransferEncodingAndContentLengthZero", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
             400},
        Case{"TwoEqualContentLengths", with_fields("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        Case{"TwoContentLengths", with_fields("Content-Length: 3\r\ncontent-length: 4\r\n"), 400},
        Case{"ListedContentLength", with_fields("Content-Length: 3, 3\r\n"), 400},
        Case{"SignedContentLength", with_fields("Content-Length: +3\r\n"), 400},
        Case{"NegativeContentLength", with_fields("Content-Length: -3\r\n"), 400},
        Case{"HexContentLength", with_fields("Content-Length: 0x3\r\n"), 400},
        Case{"EmptyContentLength", with_fields("Content-Length:\r\n"), 400},
        Case{"OverflowingContentLength", with_fields("Content-Length: 18446744073709551619\r\n"), 400},
        Case{"ContentLengthWithInnerSpace", with_fields("Content-Length: 1 0\r\n"), 400},
        Case{"XChunked", with_fields("Transfer-Encoding: xchunked\r\n"), 400},
        Case{"ChunkedIdentity", with_fields("Transfer-Encoding: chunked, identity\r\n"), 400},
        Case{"GzipChunked", with_fields("Transfer-Encoding: gzip, chunked\r\n"), 400},
        Case{"EmptyTransferEncoding", with_fields("Transfer-Encoding:\r\n"), 400},
        Case{"QuotedChunked", with_fields("Transfer-Encoding: \"chunked\"\r\n"), 400},
        Case{"TwoTransferEncodings", with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Case{"VerticalTabBeforeChunked",
             with_fields("Transfer-Encoding: \x0b"
                         "chunked\r\n"),
             400},
        Case{"TransferEncodingInHttp10", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Case{"FoldedValue", with_fields("X-A: b\r\n c\r\n"), 400},
        Case{"FoldedWithTab", with_fields("X-A: b\r\n\tc\r\n"), 400},
        Case{"FoldRightAfterTheRequestLine", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
        Case{"SpaceBeforeColon", with_fields("Content-Length : 3\r\n"), 400},
        Case{"TabBeforeColon", with_fields("Transfer-Encoding\t: chunked\r\n"), 400},
        Case{"NoColon", with_fields("Nonsense\r\n"), 400}, Case{"EmptyName", with_fields(": value\r\n"), 400},
        Case{"NameWithParenthesis", with_fields("Content(Length): 3\r\n"), 400},
        Case{"BareLineFeedEverywhere", "GET / HTTP/1.1\nHost: x\n\n", 400},
        Case{"BareLineFeedAfterTheRequestLine", "GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
        Case{"BareLineFeedInAValue", with_fields("X-A: b\nContent-Length: 3\r\n"), 400},
        Case{"BareLineFeedAtTheEnd", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
        Case{"BareCarriageReturnInAValue", with_fields("X-A: b\rContent-Length: 3\r\n"), 400},
        Case{"BareCarriageReturnInTheRequestLine", "GET / HTTP/1.1\rX: y\r\nHost: x\r\n\r\n", 400},
        Case{"DoubledCarriageReturn", "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n", 400},
        Case{"NulInAValue", with_fields(std::string("X-A: b\0c\r\n", 10)), 400},
        Case{"NulInAName", with_fields(std::string("X\0A: b\r\n", 8)), 400},
        Case{"ControlCharacterInAValue", with_fields("X-A: b\x01\r\n"), 400},
        Case{"DeleteCharacterInAValue", with_fields("X-A: b\x7f\r\n"), 400},
        Case{"ValueThatIsNotUtf8", with_fields("X-A: \xff\xfe\r\n"), 400},
        Case{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Case{"TwoHosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
        Case{"TwoHostsInHttp10", "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Case{"EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        Case{"HostWithUserinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        Case{"HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        Case{"HostWithSpace", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        Case{"HostWithWrongPort", "GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", 400},
        Case{"HostWithOpenBracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
        Case{"RepeatedAuthorization", with_fields("Authorization: Basic a\r\nAuthorization: Basic b\r\n"), 400},
        Case{"RepeatedContentType", with_fields("Content-Type: a/b\r\nContent-Type: a/c\r\n"), 400},
        Case{"UnknownExpectation", with_fields("Expect: 200-maybe\r\n"), 417}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    RequestLine, HeadVerdict,
    testing::Values(Case{"NoVersion", "GET /\r\nHost: x\r\n\r\n", 400},
                    Case{"OnlyAMethod", "GET\r\nHost: x\r\n\r\n", 400},
                    Case{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"SpaceInTheTarget", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"TabForSpace", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"LeadingSpace", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"TrailingSpace", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
                    Case{"LowerCaseProtocol", "GET / http/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"LongVersion", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400},
                    Case{"Http2Preface", "PRI * HTTP/2.0\r\nHost: x\r\n\r\n", 505},
                    Case{"FutureMinor", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
                    Case{"MethodWithColon", "GE:T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"LongMethod", std::string(40, 'G') + " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"Fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"ByteAbove127", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"RelativeTarget", "GET fhir HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"AuthorityForm", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400},
                    Case{"StarForGet", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"UserinfoInAbsoluteForm", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
                    Case{"OtherScheme", "GET ftp://b/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
                    Case{"EmptyLineFirst", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Accepted, HeadVerdict,
    testing::Values(Case{"Plain", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
                    Case{"HostWithPort", "GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n", 0},
                    Case{"HostIpv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0},
                    Case{"RawBarInTheQuery", "GET /fhir/Patient?identifier=a|b HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"StarForOptions", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"NoSpaceAfterColon", "GET / HTTP/1.1\r\nHost:x\r\nX-A:b\r\n\r\n", 0},
                    Case{"EmptyValue", with_fields("X-A:\r\n"), 0},
                    Case{"Utf8Value", with_fields("X-A: gr\xc3\xbc\xc3\x9f\r\n"), 0},
                    Case{"CompressedWithoutBody", with_fields("Content-Encoding: gzip\r\n"), 0},
                    Case{"IdentityBody", with_fields("Content-Encoding: identity\r\nContent-Length: 3\r\n"), 0}),
    name_of);

// S-33.
TEST(Head, RefusesACompressedBody) {
  EXPECT_EQ(verdict(with_fields("Content-Encoding: gzip\r\nContent-Length: 3\r\n")), 415);
  EXPECT_EQ(verdict(with_fields("Content-Encoding: identity, br\r\nTransfer-Encoding: chunked\r\n")), 415);
  EXPECT_EQ(verdict(with_fields("Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n")), 415);
}

TEST(Head, GivesThePartsOfARequest) {
  const std::string bytes =
      "PUT /fhir/Patient/1?a=b HTTP/1.1\r\nHost: x\r\nX-Name:  some value \t\r\nTRANSFER-encoding: CHUNKED\r\n"
      "Expect: 100-Continue\r\n\r\n";
  Head head;  // points into `bytes`
  ASSERT_EQ(verdict(bytes, head), 0);
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.target, "/fhir/Patient/1?a=b");
  ASSERT_EQ(head.fields.size(), 4U);
  EXPECT_EQ(head.fields[1].name, "X-Name");
  EXPECT_EQ(head.fields[1].value, "some value");
  EXPECT_TRUE(head.chunked);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.has_body());
}

TEST(Head, KeepsNothingOfTheRequestBefore) {
  Head head;
  ASSERT_EQ(verdict(with_fields("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n"), head),
            0);
  ASSERT_EQ(verdict("GET / HTTP/1.1\r\nHost: x\r\n\r\n", head), 0);
  EXPECT_FALSE(head.chunked);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 1U);
}

TEST(Head, ReducesTheAbsoluteFormToItsPath) {
  const auto target = [](const std::string& bytes) {
    Head head;
    EXPECT_EQ(verdict(bytes, head), 0);
    return std::string(head.target);
  };
  EXPECT_EQ(target("GET http://example.org:80/fhir?a=b HTTP/1.1\r\nHost: example.org\r\n\r\n"), "/fhir?a=b");
  EXPECT_EQ(target("GET HTTPS://example.org HTTP/1.1\r\nHost: example.org\r\n\r\n"), "/");
}

TEST(Head, DecidesAboutKeepAliveByVersionAndConnectionField) {
  const auto kept = [](const std::string& bytes) {
    Head head;
    EXPECT_EQ(verdict(bytes, head), 0);
    return head.keep_alive;
  };
  EXPECT_TRUE(kept("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, CLOSE\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(kept("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n"));
}

// S-30, BI-15: each limit at its edge.
TEST(Head, CountsFieldsUpToTheLimit) {
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "X-A: b\r\n";
  EXPECT_EQ(verdict(with_fields(fields)), 0);  // Host is the hundredth
  EXPECT_EQ(verdict(with_fields(fields + "X-A: b\r\n")), 431);
}

TEST(Head, MeasuresTheWholeHeadUpToTheLimit) {
  const std::string frame = with_fields("X-A: \r\n");
  EXPECT_EQ(verdict(with_fields("X-A: " + std::string(kLimits.bytes - frame.size(), 'b') + "\r\n")), 0);
  EXPECT_EQ(verdict(with_fields("X-A: " + std::string(kLimits.bytes - frame.size() + 1, 'b') + "\r\n")), 431);
}

TEST(Head, MeasuresTheTargetUpToTheLimit) {
  const auto get = [](std::size_t length) {
    return "GET /" + std::string(length - 1, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  };
  EXPECT_EQ(verdict(get(kLimits.target)), 0);
  EXPECT_EQ(verdict(get(kLimits.target + 1)), 414);
}

TEST(HeadFinder, RefusesExcessBeforeTheEndArrives) {
  HeadFinder finder(kLimits);
  EXPECT_EQ(finder.look("GET /" + std::string(kLimits.target + 100, 'a')), HeadFinder::State::kFaulty);
  EXPECT_EQ(finder.fault().status, 414);
  finder.reset();
  EXPECT_EQ(finder.look("GET / HTTP/1.1\r\nX: " + std::string(kLimits.bytes, 'a')), HeadFinder::State::kFaulty);
  EXPECT_EQ(finder.fault().status, 431);
}

TEST(HeadFinder, FindsTheSameEndHoweverTheBytesAreCut) {
  const std::string head = with_fields("X-A: b\r\nX-C: d\r\n");
  const std::string bytes = head + "GET /next HTTP/1.1\r\n\r\n";
  HeadFinder finder(kLimits);
  for (std::size_t length = 0; length < head.size(); ++length) {
    ASSERT_EQ(finder.look(std::string_view(bytes).substr(0, length)), HeadFinder::State::kMore) << length;
  }
  EXPECT_EQ(finder.look(bytes), HeadFinder::State::kComplete);
  EXPECT_EQ(finder.size(), head.size());
}

}  // namespace
}  // namespace embergate::http
