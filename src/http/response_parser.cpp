// SPDX-License-Identifier: Apache-2.0
#include "http/response_parser.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"

namespace embergate::http {
namespace {

constexpr HeadLimits kLimits{32 * 1024, 200, 8 * 1024};

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find("\r\n");
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

// "HTTP/1.1 200 OK"; the reason may be missing together with its space.
std::optional<int> status_of(std::string_view line) {
  const bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!version || line.size() < 12 || !all_chars(line.substr(9, 3), kDigit)) return std::nullopt;
  if (line.size() > 12 && (line[12] != ' ' || !all_chars(line.substr(13), kValueChar))) return std::nullopt;
  int status = 0;
  std::from_chars(line.data() + 9, line.data() + 12, status);
  if (status < 100 || status > 599) return std::nullopt;
  return status;
}

}  // namespace

ResponseParser::ResponseParser(bool to_head, std::size_t body_limit)
    : to_head_(to_head), limit_(body_limit), finder_(kLimits), decoder_(body_limit) {}

ResponseParser::~ResponseParser() { vault::wipe(pending_); }

void ResponseParser::drop_used(std::size_t bytes) { pending_.erase(0, bytes); }

ResponseParser::State ResponseParser::feed(std::string_view bytes) {
  begun_ = begun_ || !bytes.empty();
  pending_.append(bytes);
  while (!head_done_) {
    if (const State state = read_head(); state != State::kComplete) return state;
  }
  return read_body();
}

ResponseParser::State ResponseParser::read_head() {
  const HeadFinder::State state = finder_.look(pending_);
  if (state == HeadFinder::State::kFaulty) return State::kMalformed;
  if (state == HeadFinder::State::kMore) return State::kMore;
  const bool well_formed = scan_head_lines(std::string_view(pending_).substr(0, finder_.size()));
  if (!well_formed) return State::kMalformed;
  drop_used(finder_.size());
  finder_.reset();
  // 101 would hand the connection to another protocol, which no one asked for.
  if (response_.status == 101) return State::kMalformed;
  if (response_.status < 200) return State::kComplete;  // interim: the answer is still to come
  head_done_ = true;
  return choose_body();
}

bool ResponseParser::scan_head_lines(std::string_view head) {
  const auto status = status_of(take_line(head));
  if (!status) return false;
  response_.status = *status;
  response_.headers.clear();
  length_.reset();
  chunked_ = false;
  for (std::string_view line = take_line(head); !line.empty(); line = take_line(head)) {
    const auto field = scan_field(line);
    if (!field || !note_field(*field)) return false;
    response_.headers.push_back({std::string(field->name), std::string(field->value)});
  }
  return true;
}

bool ResponseParser::note_field(const FieldView& field) {
  if (equal_ignoring_case(field.name, "content-length")) {
    if (length_ || field.value.empty() || field.value.size() > 18 || !all_chars(field.value, kDigit)) return false;
    std::uint64_t length = 0;
    std::from_chars(field.value.data(), field.value.data() + field.value.size(), length);
    length_ = length;
  } else if (equal_ignoring_case(field.name, "transfer-encoding")) {
    if (chunked_ || !equal_ignoring_case(field.value, "chunked")) return false;
    chunked_ = true;
  } else if (equal_ignoring_case(field.name, "content-encoding")) {
    return equal_ignoring_case(field.value, "identity");  // nothing else was asked for
  }
  return true;
}

ResponseParser::State ResponseParser::choose_body() {
  if (chunked_ && length_) return State::kMalformed;
  if (to_head_ || response_.status == 204 || response_.status == 304) {
    body_ = Body::kNone;
  } else if (chunked_) {
    body_ = Body::kChunked;
  } else if (length_) {
    if (*length_ > limit_) return State::kTooLarge;
    body_ = Body::kSized;
  } else {
    body_ = Body::kUntilClosed;
  }
  return State::kComplete;
}

ResponseParser::State ResponseParser::read_body() {
  switch (body_) {
    case Body::kNone:
      return State::kComplete;
    case Body::kChunked:
      return read_chunks();
    case Body::kSized: {
      const std::size_t take = std::min(pending_.size(), static_cast<std::size_t>(*length_) - response_.body.size());
      response_.body.append(pending_, 0, take);
      drop_used(take);
      return response_.body.size() == *length_ ? State::kComplete : State::kMore;
    }
    case Body::kUntilClosed:
      response_.body.append(pending_);
      vault::wipe(pending_);
      return response_.body.size() > limit_ ? State::kTooLarge : State::kMore;
  }
  return State::kMalformed;
}

ResponseParser::State ResponseParser::read_chunks() {
  const ChunkedDecoder::Step step = decoder_.feed(pending_, response_.body);
  drop_used(step.consumed);
  switch (step.state) {
    case ChunkedDecoder::State::kComplete:
      return State::kComplete;
    case ChunkedDecoder::State::kMore:
      return State::kMore;
    case ChunkedDecoder::State::kTooLarge:
      return State::kTooLarge;
    case ChunkedDecoder::State::kMalformed:
      break;
  }
  return State::kMalformed;
}

ResponseParser::State ResponseParser::finish() {
  return head_done_ && body_ == Body::kUntilClosed ? State::kComplete : State::kMalformed;
}

}  // namespace embergate::http
