// SPDX-License-Identifier: Apache-2.0
// What request headers mean to the API: media types, preconditions, correlation id (contract 5.1, 5.2, 2.10). Thread:
// pure. Failure: kNotAcceptable, kUnsupportedMedia, kMalformed, each naming the header.
#pragma once

#include "embergate/core/result.hpp"
#include "rest/call.hpp"

namespace embergate::rest {

core::Result<void> check_accept(const Call& call);
// A browser; others take JSON.
bool wants_html(const Call& call);
// A condition in the URL of a create would not be looked at: it belongs into If-None-Exist.
core::Result<void> check_create_query(const http::Target& target);
core::Result<void> check_content_type(const http::Request& request);
core::Result<interaction::Preconditions> preconditions_of(const http::Request& request);
core::Result<interaction::RequestContext> context_of(const http::Request& request,
                                                     std::string_view correlation_id_header,
                                                     bool skip_reference_allowed);
core::Result<store::VersionId> parse_version(std::string_view text);

}  // namespace embergate::rest
