// SPDX-License-Identifier: Apache-2.0
#include "delivery/pem_text.hpp"

#include <algorithm>
#include <cctype>

namespace embergate::delivery {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Base64 of a DER SEQUENCE begins with "MI"; nothing shorter than a few lines is a certificate.
bool looks_like_der(std::string_view body) {
  std::string digits;
  for (const char c : body) {
    if (!is_blank(c)) digits.push_back(c);
  }
  const std::size_t padding = digits.find('=');
  const std::string_view data = std::string_view(digits).substr(0, padding);
  const bool base64 = std::all_of(data.begin(), data.end(),
                                  [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '/'; });
  const bool padded = padding == std::string::npos || digits.find_first_not_of('=', padding) == std::string::npos;
  return base64 && padded && digits.size() % 4 == 0 && digits.size() >= 128 && data.starts_with("MI");
}

}  // namespace

std::string problem_with_certificates(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos)
    return "holds a private key: only certificates belong here";
  std::size_t count = 0;
  for (;;) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    if (text.empty()) break;
    if (!text.starts_with(kBegin)) return "is not PEM: only blocks of BEGIN CERTIFICATE to END CERTIFICATE are allowed";
    text.remove_prefix(kBegin.size());
    const std::size_t end = text.find(kEnd);
    if (end == std::string_view::npos) return "has a certificate without END CERTIFICATE";
    if (!looks_like_der(text.substr(0, end))) return "has a certificate whose content is not Base64 of a certificate";
    text.remove_prefix(end + kEnd.size());
    ++count;
  }
  return count == 0 ? "holds no certificate" : "";
}

}  // namespace embergate::delivery
