// SPDX-License-Identifier: Apache-2.0
// The text of a response's head. The server's own fields (Content-Length, Date, Connection, Transfer-Encoding,
// X-Content-Type-Options) are written here and skipped among the handler's. Thread: any; the Date text is cached per
// thread and second. Failure: a field that would break the head (CR, LF, control characters) turns the whole response
// into a 500 with no body, since it can only be a fault of ours or an attempt to smuggle one.
#pragma once

#include <string>

#include "embergate/http/server.hpp"

namespace embergate::http {

struct ResponseFrame {
  bool to_head = false;     // the request was HEAD: same head, no body
  bool keep_alive = true;   // what this side wants
  bool version_1_1 = true;  // of the request
};

// Replaces the content of `out`. Returns whether response.body follows the head on the wire.
bool write_response_head(const Response& response, const ResponseFrame& frame, std::string& out);

}  // namespace embergate::http
