// SPDX-License-Identifier: Apache-2.0
// The reason codes of R-48 that the vault itself gives. They go to logs, $status and errors as they stand.
#pragma once

#include <string_view>

namespace embergate::vault::reason {

inline constexpr std::string_view kMissing = "missing";
inline constexpr std::string_view kEmpty = "empty";
inline constexpr std::string_view kTooLarge = "too-large";
inline constexpr std::string_view kNotRegular = "not-regular";
inline constexpr std::string_view kUnreadable = "unreadable";
inline constexpr std::string_view kWorldWritable = "world-writable";
inline constexpr std::string_view kChanging = "changing";
inline constexpr std::string_view kNulByte = "nul-byte";
inline constexpr std::string_view kMultiLine = "multi-line";
inline constexpr std::string_view kBadEncoding = "bad-encoding";
inline constexpr std::string_view kUnrenderedTemplate = "unrendered-template";
inline constexpr std::string_view kBadHeader = "bad-header";
inline constexpr std::string_view kBadPem = "bad-pem";
inline constexpr std::string_view kBadPkcs12 = "bad-pkcs12";
inline constexpr std::string_view kBadJaas = "bad-jaas";
inline constexpr std::string_view kBadJson = "bad-json";
inline constexpr std::string_view kPairMismatch = "pair-mismatch";
inline constexpr std::string_view kOldCipher = "legacy-cipher";
inline constexpr std::string_view kExpired = "expired";
inline constexpr std::string_view kOutsideRoots = "outside-roots";
inline constexpr std::string_view kPinnedDeleted = "pinned-deleted";
inline constexpr std::string_view kUnknownName = "unknown-name";
inline constexpr std::string_view kIoError = "io-error";
inline constexpr std::string_view kLoginRefused = "login-refused";
inline constexpr std::string_view kCertificateRefused = "certificate-refused";
inline constexpr std::string_view kLoginUnusable = "login-unusable";
inline constexpr std::string_view kCertificateUnusable = "certificate-unusable";
inline constexpr std::string_view kBrokerUntrusted = "broker-untrusted";

}  // namespace embergate::vault::reason
