// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.hpp"

#include <gtest/gtest.h>

namespace embergate::http {
namespace {

using ChunkState = ChunkedDecoder::State;

ChunkState decode(std::string_view input, std::string& body, std::size_t limit = 1000) {
  ChunkedDecoder decoder(limit);
  return decoder.feed(input, body).state;
}

ChunkState decode(std::string_view input) {
  std::string body;
  return decode(input, body);
}

TEST(ChunkedDecoder, JoinsTheChunks) {
  std::string body;
  EXPECT_EQ(decode("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", body), ChunkState::kComplete);
  EXPECT_EQ(body, "abc0123456789");
}

TEST(ChunkedDecoder, LeavesTheBytesBehindTheBody) {
  ChunkedDecoder decoder(1000);
  std::string body;
  const std::string input = "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
  const auto step = decoder.feed(input, body);
  EXPECT_EQ(step.state, ChunkState::kComplete);
  EXPECT_EQ(input.substr(step.consumed), "GET / HTTP/1.1\r\n");
}

TEST(ChunkedDecoder, ReadsTheSameBodyHoweverTheBytesAreCut) {
  const std::string input = "3;a=b\r\nabc\r\n00002\r\nde\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n";
  for (std::size_t piece = 1; piece < input.size(); ++piece) {
    ChunkedDecoder decoder(1000);
    std::string body;
    std::string pending;
    ChunkState state = ChunkState::kMore;
    for (std::size_t at = 0; at < input.size(); at += piece) {
      pending += input.substr(at, piece);
      const auto step = decoder.feed(pending, body);
      pending.erase(0, step.consumed);
      state = step.state;
    }
    EXPECT_EQ(state, ChunkState::kComplete) << piece;
    EXPECT_EQ(body, "abcde") << piece;
  }
}

TEST(ChunkedDecoder, ChecksTrailersAndDropsThem) {
  std::string body;
  EXPECT_EQ(decode("1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n", body), ChunkState::kComplete);
  EXPECT_EQ(body, "a");
  EXPECT_EQ(decode("0\r\nno colon\r\n\r\n"), ChunkState::kMalformed);
  EXPECT_EQ(decode("0\r\nX : y\r\n\r\n"), ChunkState::kMalformed);
  EXPECT_EQ(decode("0\r\nX: y\r\n folded\r\n\r\n"), ChunkState::kMalformed);
}

TEST(ChunkedDecoder, RefusesMalformedSizes) {
  for (const char* input :
       {"\r\n", "g\r\n", "+1\r\na\r\n", "-1\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "1 ;x\r\na\r\n",
        "FFFFFFFFFFFFFFFF\r\n", "0000000000000001\r\na\r\n", "10000000000000003\r\nabc\r\n"}) {
    EXPECT_EQ(decode(input), ChunkState::kMalformed) << input;
  }
}

TEST(ChunkedDecoder, RefusesBareLineFeedsAndWrongEnds) {
  for (const char* input : {"1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n", "1\r\na0\r\n\r\n",
                            "0\r\n\n", "1;x\ry\r\na\r\n"}) {
    EXPECT_EQ(decode(input), ChunkState::kMalformed) << input;
  }
}

TEST(ChunkedDecoder, BoundsExtensionsOverTheWholeBody) {
  EXPECT_EQ(decode("1;" + std::string(2000, 'x') + "\r\na\r\n0\r\n\r\n"), ChunkState::kMalformed);
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += "1;abcdefgh\r\na\r\n";
  EXPECT_EQ(decode(flood + "0\r\n\r\n"), ChunkState::kMalformed);
}

TEST(ChunkedDecoder, BoundsALineWithoutEnd) {
  EXPECT_EQ(decode("1;" + std::string(10000, 'x')), ChunkState::kMalformed);
  EXPECT_EQ(decode("0\r\nX: " + std::string(10000, 'x')), ChunkState::kMalformed);
}

TEST(ChunkedDecoder, BoundsTrailers) {
  std::string trailers;
  for (int i = 0; i < 1000; ++i) trailers += "X: y\r\n";
  EXPECT_EQ(decode("0\r\n" + trailers + "\r\n"), ChunkState::kMalformed);
}

TEST(ChunkedDecoder, EndsAtTheBodyLimitBeforeTheBytesArrive) {
  std::string body;
  EXPECT_EQ(decode("A\r\n0123456789\r\n0\r\n\r\n", body, 10), ChunkState::kComplete);
  EXPECT_EQ(decode("B\r\n", body, 10), ChunkState::kTooLarge);
  body.clear();
  EXPECT_EQ(decode("6\r\nabcdef\r\n5\r\n", body, 10), ChunkState::kTooLarge);
}

}  // namespace
}  // namespace embergate::http
