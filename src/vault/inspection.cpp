// SPDX-License-Identifier: Apache-2.0
#include "vault/inspection.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "vault/chain.hpp"
#include "vault/openssl_handles.hpp"
#include "vault/reasons.hpp"
#include "vault/token_times.hpp"

namespace embergate::vault {
namespace {

constexpr std::chrono::minutes kClockSkew{5};

std::optional<core::SystemTime> end_of(const Certificate& certificate) {
  const auto validity = validity_of(std::vector<X509*>{certificate.get()});
  return validity.not_after;
}

bool is_encrypted_key(std::string_view text) {
  return text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
         text.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

Inspection inspect_key(std::string_view text) {
  if (is_encrypted_key(text)) return {};
  const auto opened = open_pem_key(Secret(std::string(text)), nullptr, nullptr);
  return {opened.fault == KeyFault::kNoKey ? reason::kBadPem : std::string_view{}, {}};
}

// Whose key it is shows only together with the key.
Inspection inspect_certificates(std::string_view text) {
  const auto certificates = certificates_in(text);
  if (certificates.empty()) return {reason::kBadPem, {}};
  return {{}, validity_of(likely_chain_of(certificates))};
}

// An authority that has gone by beside its successor is how authorities are rotated; what counts is the next that ends.
Inspection inspect_authorities(std::string_view text) {
  const auto certificates = certificates_in(text);
  if (certificates.empty()) return {reason::kBadPem, {}};
  const auto now = std::chrono::time_point_cast<core::SystemTime::duration>(std::chrono::system_clock::now());
  Validity validity;
  std::optional<core::SystemTime> last_gone;
  for (const auto& certificate : certificates) {
    const auto end = end_of(certificate);
    if (!end) continue;
    auto& slot = *end > now ? validity.not_after : last_gone;
    const bool better = !slot || (*end > now ? *end < *slot : *end > *slot);
    if (better) slot = end;
  }
  if (!validity.not_after) validity.not_after = last_gone;
  return {{}, validity};
}

bool is_key_store(std::string_view bytes) {
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  return KeyStore(d2i_PKCS12(nullptr, &begin, static_cast<long>(bytes.size()))) != nullptr;
}

// What keeps a key and its certificates from being used. A key that does not open is like one that does not fit: the
// password may be of another generation.
std::string_view reason_of(KeyFault fault) {
  switch (fault) {
    case KeyFault::kNone:
      return {};
    case KeyFault::kNotPkcs12:
      return reason::kBadPkcs12;
    case KeyFault::kOldCipher:
      return reason::kOldCipher;
    default:
      return reason::kPairMismatch;
  }
}

Inspection inspection_of(const OpenedKey& opened) {
  if (!opened.material) return {reason_of(opened.fault), {}};
  return {{}, opened.material->validity, opened.material->old_cipher};
}

// One file changes as one, so a key that does not fit is no passing state.
Inspection inspect_key_and_chain(const Secret& value) {
  return value.with_plaintext([&](std::string_view text) -> Inspection {
    if (is_encrypted_key(text)) return inspect_certificates(text);
    const auto opened = open_pem_key(value, nullptr, nullptr);
    const bool whole = opened.fault != KeyFault::kNoKey && opened.fault != KeyFault::kNoCertificate;
    return whole ? inspection_of(opened) : Inspection{reason::kBadPem, {}};
  });
}

Inspection prove_key_store(const ProofPart& part) {
  const auto opened = open_key_store(*part.value, part.password);
  if (opened.fault == KeyFault::kNoKey) return {};  // authorities alone
  return inspection_of(opened);
}

const ProofPart* first_of(const std::vector<ProofPart>& parts, ContentKind kind) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const ProofPart& part) { return part.kind == kind; });
  return found == parts.end() ? nullptr : &*found;
}

void narrow(Validity& validity, const Validity& other) {
  if (other.not_before && (!validity.not_before || *other.not_before > *validity.not_before))
    validity.not_before = other.not_before;
  if (other.not_after && (!validity.not_after || *other.not_after < *validity.not_after))
    validity.not_after = other.not_after;
}

Inspection prove_part(const ProofPart& part) {
  if (part.kind == ContentKind::kKeyAndChain) return inspection_of(open_pem_key(*part.value, nullptr, part.password));
  if (part.kind == ContentKind::kPkcs12) return prove_key_store(part);
  return inspect(*part.value, part.kind);
}

}  // namespace

Inspection inspect(const Secret& value, ContentKind kind) {
  const QuietErrors quiet;
  return value.with_plaintext([&](std::string_view text) -> Inspection {
    switch (kind) {
      case ContentKind::kCertificateChain:
        return inspect_certificates(text);
      case ContentKind::kAuthorities:
        return inspect_authorities(text);
      case ContentKind::kPrivateKey:
        return inspect_key(text);
      case ContentKind::kKeyAndChain:
        return inspect_key_and_chain(value);
      case ContentKind::kPkcs12:
        return {is_key_store(text) ? std::string_view{} : reason::kBadPkcs12, {}};
      case ContentKind::kBearerToken:
        return {{}, times_of_token(text)};
      case ContentKind::kSingleLine:
      case ContentKind::kJaas:
      case ContentKind::kPem:
      case ContentKind::kHeader:
      case ContentKind::kHmacKey:
      case ContentKind::kBase64UrlKey:
      case ContentKind::kText:
      case ContentKind::kBinary:
      case ContentKind::kConfig:
        break;
    }
    return {};
  });
}

Inspection prove(const std::vector<ProofPart>& parts) {
  const QuietErrors quiet;
  Inspection all;
  const auto* chain = first_of(parts, ContentKind::kCertificateChain);
  const auto* key = first_of(parts, ContentKind::kPrivateKey);
  const auto add = [&](const Inspection& one) {
    all.reason = one.reason;
    all.old_cipher |= one.old_cipher;
    narrow(all.validity, one.validity);
    return one.reason.empty();
  };
  for (const auto& part : parts) {
    // With the key at hand the times are those of its own certificates, not of all in the file.
    if (&part == chain && key != nullptr) continue;
    if (!add(prove_part(part))) return {all.reason, {}};
  }
  if (chain == nullptr || key == nullptr) return all;
  if (!add(inspection_of(open_pem_key(*key->value, chain->value, key->password)))) return {all.reason, {}};
  return all;
}

std::string_view refusal_of(const Validity& validity, core::SystemTime now) {
  const bool gone = validity.not_after && *validity.not_after <= now;
  const bool ahead = validity.not_before && *validity.not_before > now + kClockSkew;
  return gone || ahead ? reason::kExpired : std::string_view{};
}

}  // namespace embergate::vault
