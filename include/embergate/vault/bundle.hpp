// SPDX-License-Identifier: Apache-2.0
// Several names used as one: certificate, key and authorities, or a key store and its password. What is handed out is
// one snapshot of all of them, proven to belong together; members of different generations are never mixed, and while a
// rotation is half done the last good set stays (R-20..R-22). A bundle of one member is the plain case.
// Thread: any; resolve() and refresh() may wait as those of SecretCache do (R-06: off the io threads). Ownership: made
// by SecretCache::bundle(), must not be used after the cache has gone; equal requests share one state. Failure:
// kNotFound and kForbidden for any member out of reach (R-01, every time), kUnavailable (retriable) with a reason code;
// texts name the secrets, never a path or content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::vault {

// What is proven follows from the kinds: the first kCertificateChain fits the first kPrivateKey (in any order,
// within its time); a kKeyAndChain fits itself; a kPkcs12 opens and fits itself; an encrypted key opens.
struct BundleMember {
  std::optional<SecretName> name;  // absent: `literal`
  ContentKind kind = ContentKind::kSingleLine;
  std::string literal;                  // public content that stands in the resource itself, such as a certificate
  std::optional<std::size_t> password;  // index of the member that opens this one (encrypted key, PKCS#12)
};
inline constexpr std::size_t kMaxBundleMembers = 8;  // more give a bundle that never resolves

struct BundleValue {                                   // immutable
  std::vector<std::shared_ptr<const Secret>> members;  // as requested
  std::vector<std::uint64_t> file_generations;         // of each member's file; 0 for a literal
  std::uint64_t generation = 0;               // of the whole, from 1; advances when any member's value changes
  std::optional<core::SystemTime> not_after;  // the earliest end of what is in use: leaf, chain, authorities, token
};

struct BundleReport {
  State state = State::kMissing;
  std::string reason;                 // with state ok empty
  std::optional<SecretName> culprit;  // the member that the reason is about; absent: the members do not fit together
  std::uint64_t generation = 0;
  core::SystemTime since{};
  std::optional<core::SystemTime> not_after;
  bool old_cipher = false;  // a key in use was encrypted with a cipher that is no longer safe
  std::optional<core::SystemTime> not_before = {};
};

class Bundle {
 public:
  virtual ~Bundle() = default;
  [[nodiscard]] virtual const std::vector<BundleMember>& members() const = 0;
  // The current snapshot for this requester. Waits for members that are settling when there is nothing to give yet.
  [[nodiscard]] virtual core::Result<std::shared_ptr<const BundleValue>> resolve(const Requester& requester,
                                                                                 Use use) = 0;
  // Full reads of all members now, unless the bundle is already newer than `used` or the rate limit says no
  // (R-35..R-37).
  [[nodiscard]] virtual core::Result<std::shared_ptr<const BundleValue>> refresh(const Requester& requester, Use use,
                                                                                 std::uint64_t used_generation) = 0;
  // Polled from now on; `changed` is called on the poll thread with the generation of the bundle after accepted changes
  // and state transitions. One rotation of all members is one generation.
  [[nodiscard]] virtual std::unique_ptr<Watch> watch(std::function<void(std::uint64_t generation)> changed) = 0;
  [[nodiscard]] virtual BundleReport report() const = 0;
};

}  // namespace embergate::vault
