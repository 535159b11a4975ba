// SPDX-License-Identifier: Apache-2.0
// The head of a request (request line and fields): where it ends, and whether every byte of it is what RFC 9112 and
// S-32 allow. Stricter than the RFC where leniency lets two readers see two requests: see scan_head(). Thread: plain
// values and pure functions. Ownership: views point into the caller's bytes. Failure: a Fault is the answer to send
// before closing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace embergate::http {

struct Fault {
  int status = 400;
  std::string_view reason;  // static text: never an excerpt of what came in
};

struct HeadLimits {
  std::size_t bytes = 16 * 1024;  // request line, fields and the empty line
  std::size_t fields = 100;
  std::size_t target = 8 * 1024;
};

struct FieldView {
  std::string_view name;
  std::string_view value;
};

struct Head {
  std::string_view method;
  std::string_view target;  // origin form ("/path?query"), or "*" of OPTIONS
  bool version_1_1 = true;
  std::vector<FieldView> fields;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool encoded = false;  // Content-Encoding other than identity
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  void clear();
};

// Finds the end of a head in bytes that arrive piece by piece, looking at each byte once. Finds bare line feeds and
// excess at once, so that such a peer is answered without waiting for an end that never comes.
class HeadFinder {
 public:
  explicit HeadFinder(const HeadLimits& limits) : limits_(limits) {}
  enum class State { kMore, kComplete, kFaulty };
  // `bytes`: everything since the head's first byte; never shorter than in the call before.
  State look(std::string_view bytes);
  [[nodiscard]] std::size_t size() const { return scanned_; }  // of the complete head, its empty line included
  [[nodiscard]] const Fault& fault() const { return fault_; }
  void reset() { *this = HeadFinder(limits_); }

 private:
  State fail(int status, std::string_view reason);
  State check_size(std::size_t size);

  HeadLimits limits_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
  Fault fault_;
};

// `bytes`: one complete head. Fills `head`, or says what is wrong with it.
std::optional<Fault> scan_head(std::string_view bytes, const HeadLimits& limits, Head& head);

// A field line without its CRLF: name and value, or nothing when it is malformed (space before the colon, a fold,
// control characters).
std::optional<FieldView> scan_field(std::string_view line);

}  // namespace embergate::http
