// SPDX-License-Identifier: Apache-2.0
// Base64 of RFC 4648: with padding for a Basic header, the URL alphabet without padding for tokens. Pure functions.
// Failure: decoding gives nothing for text of another alphabet or length.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace embergate::kafka {

std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace embergate::kafka
