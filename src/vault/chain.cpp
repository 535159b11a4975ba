// SPDX-License-Identifier: Apache-2.0
#include "vault/chain.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace embergate::vault {
namespace {

constexpr std::size_t kMaxCertificates = 1'000;
constexpr std::size_t kMaxChain = 32;

std::optional<core::SystemTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return core::SystemTime(std::chrono::seconds(timegm(&parts)));
}

bool is_in_time(X509* one) {
  return X509_cmp_current_time(X509_get0_notBefore(one)) < 0 && X509_cmp_current_time(X509_get0_notAfter(one)) > 0;
}

bool is_better(X509* one, X509* than) {
  if (is_in_time(one) != is_in_time(than)) return is_in_time(one);
  return ASN1_TIME_compare(X509_get0_notAfter(one), X509_get0_notAfter(than)) > 0;
}

template <class Fits>
X509* best_of(const Certificates& all, Fits&& fits) {
  X509* best = nullptr;
  for (const auto& one : all) {
    if (fits(one.get()) && (best == nullptr || is_better(one.get(), best))) best = one.get();
  }
  return best;
}

// Names may repeat, as when an authority has a new key; signatures do not.
bool issued(X509* issuer, X509* subject) {
  return X509_check_issued(issuer, subject) == X509_V_OK && X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

std::vector<X509*> chain_from(const Certificates& all, X509* leaf) {
  std::vector<X509*> chain;
  if (leaf == nullptr) return chain;
  chain.push_back(leaf);
  while (chain.size() < kMaxChain && !issued(chain.back(), chain.back())) {
    X509* issuer = best_of(all, [&](X509* one) {
      return std::find(chain.begin(), chain.end(), one) == chain.end() && issued(one, chain.back());
    });
    if (issuer == nullptr) break;
    chain.push_back(issuer);
  }
  return chain;
}

void narrow(Validity& validity, X509* certificate) {
  const auto begin = time_of(X509_get0_notBefore(certificate));
  const auto end = time_of(X509_get0_notAfter(certificate));
  if (begin && (!validity.not_before || *begin > *validity.not_before)) validity.not_before = begin;
  if (end && (!validity.not_after || *end < *validity.not_after)) validity.not_after = end;
}

// OpenSSL would ask on the terminal for the password of an encrypted certificate.
int give_no_password(char*, int, int, void*) { return -1; }

}  // namespace

Certificates certificates_in(std::string_view text) {
  Certificates found;
  const auto reader = reader_of(text);
  while (found.size() < kMaxCertificates) {
    Certificate certificate(PEM_read_bio_X509(reader.get(), nullptr, give_no_password, nullptr));
    if (!certificate) break;
    found.push_back(std::move(certificate));
  }
  const auto error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) found.clear();
  return found;
}

std::vector<X509*> chain_of(const Certificates& all, EVP_PKEY* key) {
  return chain_from(all, best_of(all, [&](X509* one) { return X509_check_private_key(one, key) == 1; }));
}

std::vector<X509*> likely_chain_of(const Certificates& all) {
  X509* leaf = best_of(all, [&](X509* one) {
    return std::none_of(all.begin(), all.end(), [&](const Certificate& other) {
      return other.get() != one && X509_check_issued(one, other.get()) == X509_V_OK;
    });
  });
  return chain_from(all, leaf != nullptr || all.empty() ? leaf : all.front().get());
}

Validity validity_of(const std::vector<X509*>& chain) {
  Validity validity;
  for (X509* one : chain) {
    const bool is_authority_at_end = one != chain.front() && X509_check_issued(one, one) == X509_V_OK;
    if (!is_authority_at_end) narrow(validity, one);
  }
  return validity;
}

}  // namespace embergate::vault
