// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.hpp"

#include <charconv>
#include <ctime>

#include "embergate/core/clock.hpp"
#include "embergate/core/time_format.hpp"
#include "http/text.hpp"

namespace embergate::http {
namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, end);
}

std::string_view date_line() {
  struct Cached {
    std::time_t second = -1;
    std::string line;
  };
  thread_local Cached cached;
  const core::SystemTime now = core::system_clock().system_now();
  const std::time_t second = std::chrono::system_clock::to_time_t(now);
  if (second != cached.second) {
    cached.line = "Date: " + core::format_http_date(now) + "\r\n";
    cached.second = second;
  }
  return cached.line;
}

bool is_own_field(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equal_ignoring_case(name, "date");
    case 10:
      return equal_ignoring_case(name, "connection") || equal_ignoring_case(name, "keep-alive");
    case 14:
      return equal_ignoring_case(name, "content-length");
    case 17:
      return equal_ignoring_case(name, "transfer-encoding");
    case 22:
      return equal_ignoring_case(name, "x-content-type-options");
    default:
      return false;
  }
}

bool append_fields(std::string& out, const std::vector<Header>& headers) {
  for (const Header& field : headers) {
    if (is_own_field(field.name)) continue;
    if (field.name.empty() || !all_chars(field.name, kTokenChar) || !all_chars(field.value, kValueChar)) return false;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return true;
}

}  // namespace

bool write_response_head(const Response& response, const ResponseFrame& frame, std::string& out) {
  const int status = response.status;
  if (status < 200 || status > 599) return write_response_head(Response{500, {}, {}}, frame, out);
  out.assign("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n");
  if (!append_fields(out, response.headers)) return write_response_head(Response{500, {}, {}}, frame, out);
  out.append(date_line());
  out.append("X-Content-Type-Options: nosniff\r\n");
  if (!frame.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (!frame.version_1_1) {
    out.append("Connection: keep-alive\r\n");
  }
  const bool bodiless = status == 204 || status == 304;
  if (!bodiless) {
    out.append("Content-Length: ");
    append_number(out, response.body_bytes());
    out.append("\r\n");
  }
  out.append("\r\n");
  return !bodiless && !frame.to_head && response.body_bytes() > 0;
}

}  // namespace embergate::http
