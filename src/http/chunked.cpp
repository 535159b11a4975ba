// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.hpp"

#include <algorithm>

#include "http/head.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace {

constexpr std::size_t kMaxSizeDigits = 15;  // cannot overflow 64 bits
constexpr std::size_t kMaxExtensionBytes = 1024;
constexpr std::size_t kMaxTrailerBytes = 4096;
constexpr std::size_t kMaxLineBytes = kMaxSizeDigits + kMaxTrailerBytes;

// The line at the start of `input` without its CRLF. kMore when its end is not there yet.
ChunkedDecoder::State find_line(std::string_view input, std::string_view& line) {
  const std::size_t feed = input.find('\n');
  if (feed == std::string_view::npos) {
    return input.size() > kMaxLineBytes ? ChunkedDecoder::State::kMalformed : ChunkedDecoder::State::kMore;
  }
  if (feed == 0 || input[feed - 1] != '\r') return ChunkedDecoder::State::kMalformed;
  line = input.substr(0, feed - 1);
  return ChunkedDecoder::State::kComplete;
}

}  // namespace

ChunkedDecoder::State ChunkedDecoder::take_size_line(std::string_view line, std::size_t body_size) {
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < line.size() && is_char(line[digits], kHexDigit)) {
    if (digits == kMaxSizeDigits) return State::kMalformed;
    size = size * 16 + static_cast<std::uint64_t>(hex_value(line[digits]));
    ++digits;
  }
  if (digits == 0) return State::kMalformed;
  const std::string_view extension = line.substr(digits);
  extension_bytes_ += extension.size();
  if (extension_bytes_ > kMaxExtensionBytes || !all_chars(extension, kValueChar)) return State::kMalformed;
  if (!extension.empty() && extension.front() != ';') return State::kMalformed;
  if (size > limit_ - body_size) return State::kTooLarge;
  chunk_left_ = size;
  expect_ = size == 0 ? Expect::kTrailer : Expect::kData;
  return State::kMore;
}

ChunkedDecoder::State ChunkedDecoder::take_trailer(std::string_view line) {
  if (line.empty()) return State::kComplete;
  trailer_bytes_ += line.size() + 2;
  if (trailer_bytes_ > kMaxTrailerBytes || !scan_field(line)) return State::kMalformed;
  return State::kMore;
}

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view input, std::string& body) {
  std::size_t consumed = 0;
  while (true) {
    const std::string_view rest = input.substr(consumed);
    if (expect_ == Expect::kData) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, rest.size()));
      body.append(rest.substr(0, taken));
      consumed += taken;
      chunk_left_ -= taken;
      if (chunk_left_ > 0) return {State::kMore, consumed};
      expect_ = Expect::kDataEnd;
      continue;
    }
    std::string_view line;
    const State found = find_line(rest, line);
    if (found != State::kComplete) return {found, consumed};
    State state = State::kMore;
    if (expect_ == Expect::kSize) {
      state = take_size_line(line, body.size());
    } else if (expect_ == Expect::kTrailer) {
      state = take_trailer(line);
    } else {
      state = line.empty() ? State::kMore : State::kMalformed;
      expect_ = Expect::kSize;
    }
    consumed += line.size() + 2;
    if (state != State::kMore) return {state, consumed};
  }
}

}  // namespace embergate::http
