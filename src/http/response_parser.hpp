// SPDX-License-Identifier: Apache-2.0
// The answer of a peer taken apart as its bytes come: status line, fields, and a body by length, chunks or the
// connection's end. As strict as the server's own scanner (RFC 9112). Thread: a plain object of one call. Ownership:
// keeps what it has not used up; wiped at the end, since answers carry tokens. Failure: kMalformed and kTooLarge are
// final.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/http/client.hpp"
#include "http/chunked.hpp"
#include "http/head.hpp"

namespace embergate::http {

class ResponseParser {
 public:
  enum class State { kMore, kComplete, kMalformed, kTooLarge };
  ResponseParser(bool to_head, std::size_t body_limit);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  State feed(std::string_view bytes);
  State finish();  // the peer ended the connection
  [[nodiscard]] bool begun() const { return begun_; }
  OutboundResponse take() { return std::move(response_); }

 private:
  enum class Body { kNone, kSized, kChunked, kUntilClosed };
  State read_head();
  bool scan_head_lines(std::string_view head);
  bool note_field(const FieldView& field);
  State choose_body();
  State read_body();
  State read_chunks();
  void drop_used(std::size_t bytes);

  bool to_head_;
  std::size_t limit_;
  bool begun_ = false;
  bool head_done_ = false;
  Body body_ = Body::kNone;
  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  HeadFinder finder_;
  ChunkedDecoder decoder_;
  std::string pending_;
  OutboundResponse response_;
};

}  // namespace embergate::http
