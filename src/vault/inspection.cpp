// SPDX-License-Identifier: Apache-2.0
#include "vault/inspection.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>

#include "vault/reasons.hpp"
#include "vault/token_times.hpp"

namespace embergate::vault {
namespace {

constexpr std::size_t kMaxCertificates = 1'000;
constexpr std::chrono::minutes kClockSkew{5};

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyStore = std::unique_ptr<PKCS12, Freed<PKCS12_free>>;
using Certificates = std::vector<Certificate>;

struct QuietErrors {
  QuietErrors() { ERR_set_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() { ERR_pop_to_mark(); }
};

Bio reader_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::optional<core::SystemTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return core::SystemTime(std::chrono::seconds(timegm(&parts)));
}

void narrow(Validity& validity, const X509& certificate) {
  const auto begin = time_of(X509_get0_notBefore(&certificate));
  const auto end = time_of(X509_get0_notAfter(&certificate));
  if (begin && (!validity.not_before || *begin > *validity.not_before)) validity.not_before = begin;
  if (end && (!validity.not_after || *end < *validity.not_after)) validity.not_after = end;
}

Validity validity_of(const Certificates& certificates) {
  Validity validity;
  for (const auto& certificate : certificates) narrow(validity, *certificate);
  return validity;
}

// Empty when any of them cannot be read: half a chain is no chain.
Certificates certificates_in(std::string_view text) {
  Certificates found;
  const auto reader = reader_of(text);
  while (found.size() < kMaxCertificates) {
    Certificate certificate(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    found.push_back(std::move(certificate));
  }
  const auto error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) found.clear();
  return found;
}

int give_password(char* buffer, int size, int, void* given) {
  const auto* password = static_cast<const Secret*>(given);
  if (password == nullptr) return -1;
  return password->with_plaintext([&](std::string_view text) {
    if (text.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, text.data(), text.size());
    return static_cast<int>(text.size());
  });
}

bool is_encrypted_key(std::string_view text) {
  return text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
         text.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

Key key_in(std::string_view text, const Secret* password) {
  const auto reader = reader_of(text);
  return Key(PEM_read_bio_PrivateKey(reader.get(), nullptr, give_password, const_cast<Secret*>(password)));
}

bool is_in_order(const Certificates& chain) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (X509_check_issued(chain[i + 1].get(), chain[i].get()) != X509_V_OK) return false;
    if (X509_verify(chain[i].get(), X509_get0_pubkey(chain[i + 1].get())) != 1) return false;
  }
  return true;
}

Inspection inspect_key(std::string_view text) {
  if (is_encrypted_key(text)) return {};
  return {key_in(text, nullptr) ? std::string_view{} : reason::kBadPem, {}};
}

Inspection inspect_certificates(std::string_view text) {
  const auto certificates = certificates_in(text);
  if (certificates.empty()) return {reason::kBadPem, {}};
  return {{}, validity_of(certificates)};
}

// An authority that has gone by beside its successor is how authorities are rotated; what counts is the next that ends.
Inspection inspect_authorities(std::string_view text) {
  const auto certificates = certificates_in(text);
  if (certificates.empty()) return {reason::kBadPem, {}};
  const auto now = std::chrono::time_point_cast<core::SystemTime::duration>(std::chrono::system_clock::now());
  Validity validity;
  std::optional<core::SystemTime> last_gone;
  for (const auto& certificate : certificates) {
    const auto end = time_of(X509_get0_notAfter(certificate.get()));
    if (!end) continue;
    auto& slot = *end > now ? validity.not_after : last_gone;
    const bool better = !slot || (*end > now ? *end < *slot : *end > *slot);
    if (better) slot = end;
  }
  if (!validity.not_after) validity.not_after = last_gone;
  return {{}, validity};
}

KeyStore key_store_in(std::string_view bytes) {
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  return KeyStore(d2i_PKCS12(nullptr, &begin, static_cast<long>(bytes.size())));
}

Inspection prove_pair(const Key& key, const Certificates& chain) {
  const bool fits = key && !chain.empty() && X509_check_private_key(chain.front().get(), key.get()) == 1;
  if (!fits || !is_in_order(chain)) return {reason::kPairMismatch, {}};
  return {{}, validity_of(chain)};
}

// One file changes as one, so a key that does not fit is no passing state.
Inspection inspect_key_and_chain(std::string_view text) {
  const auto chain = certificates_in(text);
  if (chain.empty()) return {reason::kBadPem, {}};
  if (is_encrypted_key(text)) return {{}, validity_of(chain)};
  const auto key = key_in(text, nullptr);
  return key ? prove_pair(key, chain) : Inspection{reason::kBadPem, {}};
}

Inspection prove_key_store(const ProofPart& part) {
  return part.value->with_plaintext([&](std::string_view bytes) -> Inspection {
    const auto store = key_store_in(bytes);
    if (!store) return {reason::kBadPkcs12, {}};
    EVP_PKEY* key = nullptr;
    X509* leaf = nullptr;
    // The C string of a password ends at its first NUL; single-line content has none.
    Secret empty{std::string()};
    const Secret& password = part.password == nullptr ? empty : *part.password;
    const int opened = password.with_plaintext([&](std::string_view text) {
      std::string terminated(text);
      const int result = PKCS12_parse(store.get(), terminated.c_str(), &key, &leaf, nullptr);
      wipe(terminated);
      return result;
    });
    const Key owned_key(key);
    Certificates chain;
    if (leaf != nullptr) chain.emplace_back(leaf);
    if (opened != 1) return {reason::kPairMismatch, {}};
    // A store of authorities alone holds no key.
    if (!owned_key) return {{}, validity_of(chain)};
    return prove_pair(owned_key, chain);
  });
}

const ProofPart* first_of(const std::vector<ProofPart>& parts, ContentKind kind) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const ProofPart& part) { return part.kind == kind; });
  return found == parts.end() ? nullptr : &*found;
}

Inspection prove_key_and_chain(const ProofPart& part) {
  return part.value->with_plaintext(
      [&](std::string_view text) { return prove_pair(key_in(text, part.password), certificates_in(text)); });
}

Inspection prove_chain_and_key(const ProofPart& chain, const ProofPart& key) {
  return chain.value->with_plaintext([&](std::string_view certificates) {
    return key.value->with_plaintext(
        [&](std::string_view text) { return prove_pair(key_in(text, key.password), certificates_in(certificates)); });
  });
}

void narrow(Validity& validity, const Validity& other) {
  if (other.not_before && (!validity.not_before || *other.not_before > *validity.not_before))
    validity.not_before = other.not_before;
  if (other.not_after && (!validity.not_after || *other.not_after < *validity.not_after))
    validity.not_after = other.not_after;
}

Inspection prove_part(const ProofPart& part) {
  if (part.kind == ContentKind::kKeyAndChain) return prove_key_and_chain(part);
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
        return inspect_key_and_chain(text);
      case ContentKind::kPkcs12:
        return {key_store_in(text) ? std::string_view{} : reason::kBadPkcs12, {}};
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
        break;
    }
    return {};
  });
}

Inspection prove(const std::vector<ProofPart>& parts) {
  const QuietErrors quiet;
  Inspection all;
  for (const auto& part : parts) {
    const auto one = prove_part(part);
    if (!one.reason.empty()) return {one.reason, {}};
    narrow(all.validity, one.validity);
  }
  const auto* chain = first_of(parts, ContentKind::kCertificateChain);
  const auto* key = first_of(parts, ContentKind::kPrivateKey);
  if (chain == nullptr || key == nullptr) return all;
  all.reason = prove_chain_and_key(*chain, *key).reason;
  return all;
}

std::string_view refusal_of(const Validity& validity, core::SystemTime now) {
  const bool gone = validity.not_after && *validity.not_after <= now;
  const bool ahead = validity.not_before && *validity.not_before > now + kClockSkew;
  return gone || ahead ? reason::kExpired : std::string_view{};
}

}  // namespace embergate::vault
