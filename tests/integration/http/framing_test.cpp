// SPDX-License-Identifier: Apache-2.0
// BI-15 and BI-16 over a socket: each malformed request gets its status, the connection closes, and the request hidden
// behind it is never served.
#include <gmock/gmock.h>

#include "server_fixture.hpp"
#include "support/http_client.hpp"

namespace embergate::http {
namespace {

using test::HttpConnection;

struct Case {
  const char* name;
  std::string bytes;
  int status;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string post(const std::string& fields, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); }

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

class Framing : public ServerFixture, public testing::WithParamInterface<Case> {};

TEST_P(Framing, IsAnsweredOnceAndNothingBehindItIsServed) {
  const auto port = start();
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send(GetParam().bytes + "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto reply = connection.read_reply();
  EXPECT_EQ(reply.status, GetParam().status) << reply.error;
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_peer());
  EXPECT_EQ(connection.unread(), "");
  EXPECT_THAT(seen(), testing::Not(testing::Contains("GET /hidden")));
}

INSTANTIATE_TEST_SUITE_P(
    BI16, Framing,
    testing::Values(
        Case{"ContentLengthAndChunked", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Case{"TwoContentLengths", post("Content-Length: 0\r\nContent-Length: 3\r\n", "abc"), 400},
        Case{"EqualContentLengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
        Case{"XChunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
        Case{"ChunkedIdentity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400},
        Case{"SignedContentLength", post("Content-Length: +3\r\n", "abc"), 400},
        Case{"BareLineFeeds", "POST /echo HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 400},
        Case{"BareLineFeedInAValue", post("X-A: b\nTransfer-Encoding: chunked\r\n", ""), 400},
        Case{"CarriageReturnInAValue", post("X-A: b\rTransfer-Encoding: chunked\r\n", ""), 400},
        Case{"NulInAValue", post(std::string("X-A: b\0\r\n", 9), ""), 400},
        Case{"SpaceBeforeColon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
        Case{"Fold", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
        Case{"Http10WithChunked", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Case{"NoHost", "GET /echo HTTP/1.1\r\n\r\n", 400},
        Case{"TwoHosts", "GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Case{"HugeChunkSize", chunked("FFFFFFFFFFFFFFFF\r\n"), 400},
        Case{"OverflowingChunkSize", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
        Case{"SignedChunkSize", chunked("+3\r\nabc\r\n0\r\n\r\n"), 400},
        Case{"ChunkSizeWithSpace", chunked("3 \r\nabc\r\n0\r\n\r\n"), 400},
        Case{"ChunkLongerThanAnnounced", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400},
        Case{"BareLineFeedInChunks", chunked("3\nabc\n0\n\n"), 400},
        Case{"LongChunkExtension", chunked("3;" + std::string(5000, 'x') + "\r\nabc\r\n0\r\n\r\n"), 400},
        Case{"ChunkExtensionFlood", chunked(repeated("1;abcdefgh\r\na\r\n", 500) + "0\r\n\r\n"), 400},
        Case{"TrailerFlood", chunked("0\r\n" + repeated("X: y\r\n", 2000) + "\r\n"), 400},
        Case{"MalformedTrailer", chunked("0\r\nX : y\r\n\r\n"), 400},
        Case{"CompressedBody", post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), 415},
        Case{"UnknownVersion", "GET /echo HTTP/3.0\r\nHost: x\r\n\r\n", 505},
        Case{"UnknownExpectation", post("Expect: tea\r\nContent-Length: 3\r\n", "abc"), 417}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    BI15, Framing,
    testing::Values(Case{"LargeField", post("X-A: " + std::string(20'000, 'a') + "\r\n", ""), 431},
                    Case{"FieldWithoutEnd", "GET / HTTP/1.1\r\nX-A: " + std::string(300'000, 'a'), 431},
                    Case{"ManyFields", post(repeated("X-A: b\r\n", 101), ""), 431},
                    Case{"LongTarget", "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
                    Case{"TargetWithoutEnd", "GET /" + std::string(300'000, 'a'), 414}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace embergate::http
