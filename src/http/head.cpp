// SPDX-License-Identifier: Apache-2.0
#include "http/head.hpp"

#include <charconv>
#include <cstring>

#include "embergate/core/assert.hpp"
#include "embergate/core/text.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace {

using MaybeFault = std::optional<Fault>;

// Which of the fields that may stand only once have been seen.
struct Seen {
  bool host = false;
  bool content_length = false;
  bool transfer_encoding = false;
  bool content_type = false;
  bool authorization = false;
  bool expect = false;
  bool asks_close = false;
  bool asks_keep_alive = false;
};

MaybeFault once(bool& seen, std::string_view reason) {
  if (seen) return Fault{400, reason};
  seen = true;
  return std::nullopt;
}

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find("\r\n");
  EG_ASSERT(end != std::string_view::npos);
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

// RFC 3986 authority without userinfo: name or address, and maybe a port.
bool is_valid_host(std::string_view host) {
  if (host.empty() || host.size() > 300 || !all_chars(host, kHostChar)) return false;
  std::string_view port;
  if (host.front() == '[') {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    for (const char c : host.substr(1, close - 1)) {
      if (!is_char(c, kHexDigit) && c != ':' && c != '.') return false;
    }
    port = host.substr(close + 1);
  } else {
    const std::size_t colon = host.find(':');
    if (colon == 0 || host.substr(0, colon).find_first_of("[]") != std::string_view::npos) return false;
    port = colon == std::string_view::npos ? std::string_view() : host.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 && all_chars(port.substr(1), kDigit);
}

// RFC 9112 3.2.2: a server accepts "http://host/path" too. What reaches the handlers is the path.
bool reduce_absolute_form(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() <= scheme.size() || !equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::size_t path = rest.find('/');
    if (!is_valid_host(rest.substr(0, path))) return false;
    target = path == std::string_view::npos ? std::string_view("/") : rest.substr(path);
    return true;
  }
  return false;
}

MaybeFault scan_version(std::string_view version, Head& head) {
  if (version == "HTTP/1.1") {
    head.version_1_1 = true;
  } else if (version == "HTTP/1.0") {
    head.version_1_1 = false;
  } else {
    const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" && is_char(version[5], kDigit) &&
                             version[6] == '.' && is_char(version[7], kDigit);
    return well_formed ? Fault{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"}
                       : Fault{400, "malformed HTTP version"};
  }
  return std::nullopt;
}

MaybeFault scan_request_line(std::string_view line, const HeadLimits& limits, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Fault{400, "malformed request line"};
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (head.method.empty() || head.method.size() > 32 || !all_chars(head.method, kTokenChar)) {
    return Fault{400, "malformed method"};
  }
  if (head.target.size() > limits.target) return Fault{414, "the request target is too long"};
  if (head.target.empty() || !all_chars(head.target, kTargetChar)) return Fault{400, "malformed request target"};
  if (MaybeFault fault = scan_version(line.substr(last + 1), head)) return fault;
  if (head.target.front() == '/' || (head.target == "*" && head.method == "OPTIONS")) return std::nullopt;
  if (reduce_absolute_form(head.target)) return std::nullopt;
  return Fault{400, "the request target must be a path"};
}

MaybeFault note_content_length(std::string_view value, Head& head) {
  std::uint64_t length = 0;
  // 18 digits cannot overflow, and no body is that long.
  if (value.empty() || value.size() > 18 || !all_chars(value, kDigit)) return Fault{400, "malformed Content-Length"};
  std::from_chars(value.data(), value.data() + value.size(), length);
  head.content_length = length;
  return std::nullopt;
}

void note_connection(std::string_view value, Seen& seen) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    seen.asks_close = seen.asks_close || equal_ignoring_case(option, "close");
    seen.asks_keep_alive = seen.asks_keep_alive || equal_ignoring_case(option, "keep-alive");
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
}

// The fields that decide about framing and the connection.
MaybeFault note_field(const FieldView& field, Seen& seen, Head& head) {
  const auto is = [&field](std::string_view name) { return equal_ignoring_case(field.name, name); };
  switch (field.name.size()) {
    case 4:
      if (!is("host")) break;
      if (!is_valid_host(field.value)) return Fault{400, "malformed Host"};
      return once(seen.host, "repeated Host");
    case 6:
      if (!is("expect")) break;
      if (!equal_ignoring_case(field.value, "100-continue")) return Fault{417, "unknown expectation"};
      head.expects_continue = true;
      return once(seen.expect, "repeated Expect");
    case 10:
      if (is("connection")) note_connection(field.value, seen);
      break;
    case 12:
      if (is("content-type")) return once(seen.content_type, "repeated Content-Type");
      break;
    case 13:
      if (is("authorization")) return once(seen.authorization, "repeated Authorization");
      break;
    case 14:
      if (!is("content-length")) break;
      if (MaybeFault fault = once(seen.content_length, "repeated Content-Length")) return fault;
      return note_content_length(field.value, head);
    case 16:
      if (!is("content-encoding")) break;
      if (!equal_ignoring_case(field.value, "identity")) head.encoded = true;
      break;
    case 17:
      if (!is("transfer-encoding")) break;
      if (MaybeFault fault = once(seen.transfer_encoding, "repeated Transfer-Encoding")) return fault;
      if (!equal_ignoring_case(field.value, "chunked")) return Fault{400, "Transfer-Encoding must be exactly chunked"};
      head.chunked = true;
      break;
    default:
      break;
  }
  return std::nullopt;
}

MaybeFault check_framing(const Seen& seen, const Head& head) {
  if (head.chunked && seen.content_length) return Fault{400, "both Content-Length and Transfer-Encoding"};
  if (head.chunked && !head.version_1_1) return Fault{400, "Transfer-Encoding in an HTTP/1.0 request"};
  if (!seen.host && head.version_1_1) return Fault{400, "no Host"};
  if (head.encoded && head.has_body()) return Fault{415, "compressed bodies are not accepted"};
  return std::nullopt;
}

}  // namespace

void Head::clear() {
  auto kept = std::move(fields);
  kept.clear();
  *this = Head{};
  fields = std::move(kept);
}

HeadFinder::State HeadFinder::fail(int status, std::string_view reason) {
  fault_ = Fault{status, reason};
  return State::kFaulty;
}

HeadFinder::State HeadFinder::check_size(std::size_t size) {
  if (lines_ == 0 && size > limits_.target + 64) return fail(414, "the request target is too long");
  if (size > limits_.bytes) return fail(431, "the request head is too large");
  return State::kMore;
}

HeadFinder::State HeadFinder::look(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (found == nullptr) {
      scanned_ = bytes.size();
      break;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == 0 || bytes[at - 1] != '\r') return fail(400, "a line feed without a carriage return");
    const bool empty_line = at == line_start_ + 1;
    scanned_ = at + 1;
    line_start_ = scanned_;
    if (check_size(scanned_) == State::kFaulty) return State::kFaulty;
    if (empty_line) return lines_ == 0 ? fail(400, "an empty request line") : State::kComplete;
    // The first line is the request line.
    if (++lines_ > limits_.fields + 1) return fail(431, "too many header fields");
  }
  return check_size(bytes.size());
}

std::optional<FieldView> scan_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const FieldView field{line.substr(0, colon), trim(line.substr(colon + 1))};
  // The name's class refuses both the space before the colon and the fold, which starts with a space.
  if (!all_chars(field.name, kTokenChar)) return std::nullopt;
  bool ascii = true;
  for (const char c : field.value) {
    if (!is_char(c, kValueChar)) return std::nullopt;
    ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  }
  if (!ascii && !core::is_utf8(field.value)) return std::nullopt;
  return field;
}

std::optional<Fault> scan_head(std::string_view bytes, const HeadLimits& limits, Head& head) {
  head.clear();
  if (MaybeFault fault = scan_request_line(take_line(bytes), limits, head)) return fault;
  Seen seen;
  while (true) {
    const std::string_view line = take_line(bytes);
    if (line.empty()) break;
    const std::optional<FieldView> field = scan_field(line);
    if (!field) return Fault{400, "malformed header field"};
    if (head.fields.size() == limits.fields) return Fault{431, "too many header fields"};
    if (MaybeFault fault = note_field(*field, seen, head)) return fault;
    head.fields.push_back(*field);
  }
  head.keep_alive = !seen.asks_close && (head.version_1_1 || seen.asks_keep_alive);
  return check_framing(seen, head);
}

}  // namespace embergate::http
