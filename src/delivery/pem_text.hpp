// SPDX-License-Identifier: Apache-2.0
// Whether a text is a list of PEM certificates and nothing else (RFC 7468). The certificates themselves are judged by
// the one who opens the connection. Thread: pure. Failure: a text that says what is wrong; empty when nothing is.
#pragma once

#include <string>
#include <string_view>

namespace embergate::delivery {

std::string problem_with_certificates(std::string_view text);

}  // namespace embergate::delivery
