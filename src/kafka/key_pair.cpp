// SPDX-License-Identifier: Apache-2.0
#include "kafka/key_pair.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "embergate/kafka/settings.hpp"

namespace embergate::kafka {

namespace {

using core::ErrorCode;
using core::make_error;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;
using Store = std::unique_ptr<PKCS12, Deleter<&PKCS12_free>>;
using Certificates = std::vector<Certificate>;

constexpr std::size_t kMaxCertificates = 32;

core::Error problem(std::string_view text) { return make_error(ErrorCode::kInvalid, std::string(text)); }

// OpenSSL asks on the terminal when there is no callback.
int give_password(char* buffer, int size, int /*writing*/, void* password) {
  const auto* secret = static_cast<const vault::Secret*>(password);
  if (secret == nullptr) return -1;
  return secret->with_plaintext([&](std::string_view text) {
    if (text.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, text.data(), text.size());
    return static_cast<int>(text.size());
  });
}

Bio reader(std::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX))));
}

Certificates certificates_of(const vault::Secret& pem) {
  return pem.with_plaintext([](std::string_view text) {
    Certificates found;
    const Bio bio = reader(text);
    while (found.size() < kMaxCertificates) {
      Certificate one(PEM_read_bio_X509(bio.get(), nullptr, give_password, nullptr));
      if (!one) break;
      found.push_back(std::move(one));
    }
    ERR_clear_error();  // the end of the text is an error to OpenSSL
    return found;
  });
}

Key private_key_of(const vault::Secret& pem, const vault::Secret* password) {
  return pem.with_plaintext([&](std::string_view text) {
    const Bio bio = reader(text);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, const_cast<vault::Secret*>(password)));
    ERR_clear_error();
    return key;
  });
}

bool contains(const vault::Secret& secret, std::string_view what) {
  return secret.with_plaintext([&](std::string_view text) { return text.find(what) != std::string_view::npos; });
}

bool begins_with(const vault::Secret& secret, std::string_view what) {
  return secret.with_plaintext([&](std::string_view text) { return text.starts_with(what); });
}

std::string pem_of(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// Through memory that OpenSSL wipes.
vault::Secret pem_of(EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return vault::Secret(std::string(bytes, static_cast<std::size_t>(std::max(size, 0L))));
}

bool issued(X509* issuer, X509* subject) { return X509_check_issued(issuer, subject) == X509_V_OK; }

// The certificate of the key, then who issued it, and so on; what does not belong to it is left out.
std::string chain_of(const Certificates& all, X509* leaf) {
  std::string chain = pem_of(leaf);
  X509* last = leaf;
  for (std::size_t links = 0; links < all.size() && !issued(last, last); ++links) {
    const auto next = std::find_if(
        all.begin(), all.end(), [&](const Certificate& one) { return one.get() != last && issued(one.get(), last); });
    if (next == all.end()) break;
    last = next->get();
    chain += pem_of(last);
  }
  return chain;
}

core::Result<KeyPair> pair_of(EVP_PKEY* key, const Certificates& certificates) {
  const auto leaf = std::find_if(certificates.begin(), certificates.end(),
                                 [&](const Certificate& one) { return X509_check_private_key(one.get(), key) == 1; });
  ERR_clear_error();
  if (leaf == certificates.end()) return problem("no certificate of the client belongs to its private key");
  if (X509_cmp_current_time(X509_get0_notAfter(leaf->get())) < 0) return problem("the client certificate has expired");
  KeyPair pair{pem_of(key), chain_of(certificates, leaf->get())};
  if (pair.private_key.empty()) return problem("the private key is of a kind that cannot be written as PEM");
  return pair;
}

core::Error refused_store(const vault::Secret& store) {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_REASON(error) == PKCS12_R_MAC_VERIFY_FAILURE)
    return problem("sslKeyPassword does not open the PKCS#12 store");
  if (contains(store, "-----BEGIN")) return problem("the key store is PEM: leave out sslKeystoreType");
  return problem(
      "the PKCS#12 store cannot be opened: it is damaged, or encrypted with RC2, which newer libraries refuse; write "
      "it "
      "anew with: openssl pkcs12 -legacy -in old.p12 -nodes | openssl pkcs12 -export -out client.p12");
}

}  // namespace

core::Result<KeyPair> key_pair_from_pem(const vault::Secret& key, const vault::Secret* chain,
                                        const vault::Secret* password) {
  if (begins_with(key, "\xfe\xed\xfe\xed"))
    return problem(fmt::format("the key is a Java key store (JKS); {}", kConvertJks));
  if (begins_with(key, "\x30\x82")) return problem("the key is not PEM; for PKCS#12 set sslKeystoreType to PKCS12");
  const Key opened = private_key_of(key, password);
  if (!opened) {
    if (contains(key, "ENCRYPTED")) {
      return problem(password == nullptr ? "the private key is encrypted: sslKeyPassword is missing"
                                         : "sslKeyPassword does not open the private key");
    }
    return problem("sslKeystoreKey holds no private key in PEM");
  }
  const Certificates certificates = certificates_of(chain != nullptr ? *chain : key);
  if (certificates.empty()) {
    return problem(
        "there is no client certificate: put it behind the key in the same file, or give sslKeystoreCertificateChain");
  }
  return pair_of(opened.get(), certificates);
}

core::Result<KeyPair> key_pair_from_pkcs12(const vault::Secret& store, const vault::Secret* password) {
  if (begins_with(store, "\xfe\xed\xfe\xed")) {
    return problem(fmt::format("the key store is a Java key store (JKS); {}", kConvertJks));
  }
  const Store opened(store.with_plaintext([](std::string_view bytes) {
    const Bio bio = reader(bytes);
    return d2i_PKCS12_bio(bio.get(), nullptr);
  }));
  if (!opened) return refused_store(store);
  std::string text;
  if (password != nullptr) text = password->with_plaintext([](std::string_view plain) { return std::string(plain); });
  EVP_PKEY* raw_key = nullptr;
  X509* raw_leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  const int parsed = PKCS12_parse(opened.get(), text.c_str(), &raw_key, &raw_leaf, &others);
  vault::wipe(text);
  if (parsed != 1) return refused_store(store);
  const Key key(raw_key);
  Certificates certificates;
  if (raw_leaf != nullptr) certificates.emplace_back(raw_leaf);
  while (X509* other = sk_X509_shift(others)) certificates.emplace_back(other);
  sk_X509_free(others);
  if (!key) return problem("the PKCS#12 store holds no private key");
  return pair_of(key.get(), certificates);
}

bool same_key_pair(const KeyPair& left, const KeyPair& right) {
  return left.certificate_chain == right.certificate_chain && left.private_key.with_plaintext([&](std::string_view a) {
    return right.private_key.with_plaintext([&](std::string_view b) { return a == b; });
  });
}

}  // namespace embergate::kafka
