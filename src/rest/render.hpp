// SPDX-License-Identifier: Apache-2.0
// Answers: results and errors as HTTP responses (contract 5.2, 5.5). Thread: pure. Failure: none.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "embergate/http/server.hpp"
#include "embergate/interaction/interactions.hpp"

namespace embergate::rest {

// `retry_after`: how long kThrottled lasts; zero: as usual.
http::Response render_error(const core::Error& error, std::chrono::seconds retry_after = {});
http::Response render_refusal(const interaction::Refusal& refusal);
// With ETag, Last-Modified, and Location for what was created.
http::Response render_result(interaction::InteractionResult result, std::string_view base_url);
// The value of a header `Warning` (RFC 7234 5.5) that says something of an answer that is right. ASCII: what else there
// is becomes '?'.
std::string warning(std::string_view text);
http::Response render_json(int status, std::string body,
                           std::string_view content_type = "application/json; charset=utf-8");

}  // namespace embergate::rest
