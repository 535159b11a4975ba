// SPDX-License-Identifier: Apache-2.0
#include "http/response_parser.hpp"

#include <gtest/gtest.h>

namespace embergate::http {
namespace {

using ParserState = ResponseParser::State;

ParserState feed_in_steps(ResponseParser& parser, std::string_view bytes, std::size_t step) {
  ParserState state = ParserState::kMore;
  while (!bytes.empty() && state == ParserState::kMore) {
    state = parser.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  return state;
}

TEST(ResponseParser, ReadsABodyOfKnownLengthHoweverItArrives) {
  for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
    ResponseParser parser(false, 100);
    EXPECT_EQ(feed_in_steps(parser, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello", step),
              ParserState::kComplete);
    const auto response = parser.take();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.header("x"), "y");
    EXPECT_EQ(response.body, "hello");
  }
}

TEST(ResponseParser, ReadsChunks) {
  for (const std::size_t step : {1U, 3U, 1000U}) {
    ResponseParser parser(false, 100);
    const char* bytes =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nT: u\r\n\r\n";
    EXPECT_EQ(feed_in_steps(parser, bytes, step), ParserState::kComplete);
    EXPECT_EQ(parser.take().body, "abcde");
  }
}

TEST(ResponseParser, ReadsUntilTheEndWhereThereIsNoLength) {
  ResponseParser parser(false, 100);
  EXPECT_EQ(parser.feed("HTTP/1.0 200\r\n\r\nab"), ParserState::kMore);
  EXPECT_EQ(parser.feed("cd"), ParserState::kMore);
  EXPECT_EQ(parser.finish(), ParserState::kComplete);
  EXPECT_EQ(parser.take().body, "abcd");
}

TEST(ResponseParser, PassesOverInterimAnswers) {
  ResponseParser parser(false, 100);
  EXPECT_EQ(parser.feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n"),
            ParserState::kComplete);
  EXPECT_EQ(parser.take().status, 204);
}

TEST(ResponseParser, KnowsAnswersWithoutABody) {
  ResponseParser to_head(true, 100);
  EXPECT_EQ(to_head.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), ParserState::kComplete);
  ResponseParser unchanged(false, 100);
  EXPECT_EQ(unchanged.feed("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), ParserState::kComplete);
}

TEST(ResponseParser, StopsAtTheLimitWhereverItLearnsOfIt) {
  ResponseParser announced(false, 4);
  EXPECT_EQ(announced.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), ParserState::kTooLarge);
  ResponseParser chunked(false, 4);
  EXPECT_EQ(chunked.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"), ParserState::kTooLarge);
  ResponseParser endless(false, 4);
  EXPECT_EQ(endless.feed("HTTP/1.1 200 OK\r\n\r\nabcde"), ParserState::kTooLarge);
}

TEST(ResponseParser, RefusesWhatIsNotHttp) {
  for (const char* bytes : {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
                            "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 OK\nX: y\n\n",
                            "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    ResponseParser parser(false, 100);
    EXPECT_EQ(parser.feed(bytes), ParserState::kMalformed) << bytes;
  }
}

TEST(ResponseParser, RefusesAHeadWithoutEnd) {
  ResponseParser parser(false, 100);
  EXPECT_EQ(feed_in_steps(parser, "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x'), 4096), ParserState::kMalformed);
}

TEST(ResponseParser, RefusesAnEndInTheMiddle) {
  ResponseParser in_head(false, 100);
  in_head.feed("HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(in_head.finish(), ParserState::kMalformed);
  ResponseParser in_body(false, 100);
  in_body.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(in_body.finish(), ParserState::kMalformed);
}

}  // namespace
}  // namespace embergate::http
