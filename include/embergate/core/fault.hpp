// SPDX-License-Identifier: Apache-2.0
// The table of error codes: one row for each kind of fault that an operator may meet, with the words that every
// surface uses for it: `$status`, log lines, the metric label `code`, health, `embergate explain`, docs/error-codes.md.
// A code never changes its meaning; texts may. What a library says of the one case stays beside it as detail.
// Thread: constants. Failure: none.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace embergate::core {

enum class Fault : std::uint8_t {
  kNone,  // no fault, or none that has a code
  kKafkaUnreachable,
  kKafkaDns,
  kKafkaTimeout,
  kKafkaThrottled,
  kKafkaTlsUntrusted,
  kKafkaTlsHostname,
  kKafkaTlsExpected,
  kKafkaPlaintextExpected,
  kKafkaTlsFailed,
  kKafkaAuthRefused,
  kKafkaAuthMechanism,
  kKafkaTokenFailed,
  kKafkaTopicMissing,
  kKafkaNotAuthorised,
  kKafkaNoLeader,
  kKafkaTooLarge,
  kKafkaRecordRefused,
  kKafkaFailed,
  kSecretMissing,
  kSecretEmpty,
  kSecretTooLarge,
  kSecretNotRegular,
  kSecretUnreadable,
  kSecretWorldWritable,
  kSecretChanging,
  kSecretNulByte,
  kSecretMultiLine,
  kSecretBadEncoding,
  kSecretUnrendered,
  kSecretBadHeader,
  kSecretBadPem,
  kSecretBadPkcs12,
  kSecretBadJaas,
  kSecretBadJson,
  kSecretPairMismatch,
  kSecretLegacyCipher,
  kSecretExpired,
  kSecretExpires,
  kSecretOutsideRoots,
  kSecretPinnedDeleted,
  kSecretUnknownName,
  kSecretIoError,
  kSecretStale,
  kSecretScope,
  kSecretTargetChanged,
  kSecretUnproven,
  kSecretUnusable,
  kVaultConfig,
  kTopicIdle,
  kTopicCriterionError,
  kTopicSwitchedOff,
  kTopicUndecided,
  kDestinationUnusable,
  kDestinationRecordTooLarge,
  kDestinationEventSuperseded,
  kStoreFull,
  kStoreSlow,
  kStoreFailed,
  kWebCertificate
};

struct FaultText {
  Fault fault = Fault::kNone;
  std::string_view code;         // "kafka.auth-refused"
  std::string_view title;        // a few words
  std::string_view explanation;  // what it means
  std::string_view remedy;       // what to do about it
  std::string_view page;         // where to read on: a page of docs/ and its heading
};

// Of kNone: empty texts.
const FaultText& text_of(Fault fault);
inline std::string_view code_of(Fault fault) { return text_of(fault).code; }
std::optional<Fault> fault_from(std::string_view code);
// All rows but kNone, in the order of the page.
std::span<const FaultText> fault_table();

}  // namespace embergate::core
