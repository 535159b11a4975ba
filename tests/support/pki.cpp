// SPDX-License-Identifier: Apache-2.0
#include "support/pki.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "embergate/core/assert.hpp"

namespace embergate::test {
namespace {

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

// OpenSSL as older tools had it.
struct OldTools {
  std::unique_ptr<OSSL_LIB_CTX, Freed<OSSL_LIB_CTX_free>> library{OSSL_LIB_CTX_new()};
  std::unique_ptr<OSSL_PROVIDER, Freed<OSSL_PROVIDER_unload>> legacy{OSSL_PROVIDER_load(library.get(), "legacy")};
  std::unique_ptr<OSSL_PROVIDER, Freed<OSSL_PROVIDER_unload>> usual{OSSL_PROVIDER_load(library.get(), "default")};
};

int pbe_of(OldCipher cipher) {
  switch (cipher) {
    case OldCipher::kRc4:
      return NID_pbe_WithSHA1And128BitRC4;
    case OldCipher::kRc2:
      return NID_pbe_WithSHA1And40BitRC2_CBC;
    default:
      return NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
  }
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Key new_key() { return Key(EVP_EC_gen("P-256")); }

std::string pem_of(const Certificate& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  EG_ASSERT(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
  return text_of(bio);
}

std::string pem_of(const Key& key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  EG_ASSERT(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio);
}

Key key_of(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  EG_ASSERT(key);
  return key;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  EG_ASSERT(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

std::string alternative_names(const IssueOptions& options) {
  std::string all;
  for (const auto& name : options.names) all += (all.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : options.addresses) all += (all.empty() ? "IP:" : ",IP:") + address;
  return all;
}

Certificate sign(const Key& subject, const std::string& common_name, X509* issuer, const Key& issuer_key, bool is_ca,
                 const IssueOptions& options) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::uint64_t serial = 0;
  EG_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1U);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0, 0, nullptr);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), std::chrono::system_clock::to_time_t(options.not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), std::chrono::system_clock::to_time_t(options.not_after));
  X509_set_pubkey(certificate.get(), subject.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  extend(certificate.get(), signer, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  extend(certificate.get(), signer, NID_subject_key_identifier, "hash");
  if (is_ca) extend(certificate.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  if (const auto names = alternative_names(options); !is_ca && !names.empty())
    extend(certificate.get(), signer, NID_subject_alt_name, names);
  EG_ASSERT(X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

struct Authority::Impl {
  Key key;
  Certificate certificate;
};

Authority::Authority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Authority::Authority(const std::string& common_name, const IssueOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->key = new_key();
  impl_->certificate = sign(impl_->key, common_name, nullptr, impl_->key, true, options);
}
Authority Authority::load(const std::string& certificate, const std::string& key) {
  auto impl = std::make_unique<Impl>();
  const Bio bio(BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())));
  impl->certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  impl->key = key_of(key);
  EG_ASSERT(impl->certificate);
  return Authority(std::move(impl));
}
Authority::~Authority() = default;
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;

std::string Authority::certificate() const { return pem_of(impl_->certificate); }
std::string Authority::key() const { return pem_of(impl_->key); }

Issued Authority::issue(const std::string& common_name, const IssueOptions& options) const {
  const Key key = new_key();
  const auto certificate = sign(key, common_name, impl_->certificate.get(), impl_->key, false, options);
  return {pem_of(certificate), pem_of(key)};
}

Authority Authority::intermediate(const std::string& common_name, const IssueOptions& options) const {
  auto impl = std::make_unique<Impl>();
  impl->key = new_key();
  impl->certificate = sign(impl->key, common_name, impl_->certificate.get(), impl_->key, true, options);
  return Authority(std::move(impl));
}

std::string private_number(const std::string& key) {
  BIGNUM* number = nullptr;
  EG_ASSERT(EVP_PKEY_get_bn_param(key_of(key).get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_clear_free(number);
  return bytes;
}

std::string encrypted_key(const std::string& key, const std::string& password, OldCipher cipher) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (cipher == OldCipher::kNone) {
    EG_ASSERT(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_of(key).get(), EVP_aes_256_cbc(), password.data(),
                                            static_cast<int>(password.size()), nullptr, nullptr) == 1);
    return text_of(bio);
  }
  const OldTools tools;
  PKCS8_PRIV_KEY_INFO* plain = EVP_PKEY2PKCS8(key_of(key).get());
  X509_SIG* encrypted = PKCS8_encrypt_ex(pbe_of(cipher), nullptr, password.data(), static_cast<int>(password.size()),
                                         nullptr, 0, 2'048, plain, tools.library.get(), nullptr);
  EG_ASSERT(encrypted != nullptr && PEM_write_bio_PKCS8(bio.get(), encrypted) == 1);
  X509_SIG_free(encrypted);
  PKCS8_PRIV_KEY_INFO_free(plain);
  return text_of(bio);
}

std::string pkcs12(const Issued& issued, const std::string& chain, const std::string& password, OldCipher cipher) {
  const Bio leaf_text(BIO_new_mem_buf(issued.certificate.data(), static_cast<int>(issued.certificate.size())));
  const Certificate leaf(PEM_read_bio_X509(leaf_text.get(), nullptr, nullptr, nullptr));
  const Bio chain_text(BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size())));
  STACK_OF(X509)* others = sk_X509_new_null();
  while (X509* one = PEM_read_bio_X509(chain_text.get(), nullptr, nullptr, nullptr)) sk_X509_push(others, one);
  ERR_clear_error();  // the end of the text was one
  const OldTools tools;
  const bool old = cipher != OldCipher::kNone;
  const int key_cipher = old ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : 0;
  const int certificate_cipher = !old                              ? 0
                                 : cipher == OldCipher::kTripleDes ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC
                                                                   : NID_pbe_WithSHA1And40BitRC2_CBC;
  PKCS12* store = PKCS12_create_ex(password.c_str(), "test", key_of(issued.key).get(), leaf.get(), others, key_cipher,
                                   certificate_cipher, 0, 0, 0, old ? tools.library.get() : nullptr, nullptr);
  EG_ASSERT(store != nullptr);
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS12(store, &bytes);
  EG_ASSERT(size > 0);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  PKCS12_free(store);
  sk_X509_pop_free(others, X509_free);
  return der;
}

}  // namespace embergate::test
