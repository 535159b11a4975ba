// SPDX-License-Identifier: Apache-2.0
// Text forms that token requests and signatures are made of. Pure functions, no failure.
#pragma once

#include <string>
#include <string_view>

namespace embergate::kafka {

// Unreserved characters of RFC 3986 stay, everything else becomes %XX: how AWS signs, and valid in a form as well.
std::string uri_encode(std::string_view text);
// application/x-www-form-urlencoded as java.net.URLEncoder writes it: blanks become '+', '*' stays, '~' does not.
std::string form_encode(std::string_view text);
std::string hex(std::string_view bytes);

}  // namespace embergate::kafka
