// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/server.hpp"
#include "http/text.hpp"

namespace embergate::http {

std::string_view Request::header(std::string_view name) const {
  for (const Header& field : headers) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

bool Request::has_body() const {
  if (!header("Transfer-Encoding").empty()) return true;
  return header("Content-Length").find_first_not_of('0') != std::string_view::npos;
}

}  // namespace embergate::http
