// SPDX-License-Identifier: Apache-2.0
#include "support/test_ca.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "embergate/core/assert.hpp"

namespace embergate::test {
namespace {

constexpr long kDay = 86'400;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  EG_ASSERT(key != nullptr);
  return key;
}

template <class Write>
std::string pem(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  EG_ASSERT(write(out.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  return pem([certificate](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string pem(EVP_PKEY* key) {
  return pem(
      [key](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
  EG_ASSERT(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate make_certificate(const TestCa::Subject& subject, EVP_PKEY* key, const X509_NAME* issuer) {
  Certificate certificate(X509_new(), &X509_free);
  X509* raw = certificate.get();
  unsigned char serial[8];
  EG_ASSERT(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] = 1;
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_bin2bn(serial, sizeof serial, nullptr), &BN_free);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(raw));
  X509_set_version(raw, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(raw), subject.first_day * kDay);
  X509_gmtime_adj(X509_getm_notAfter(raw), subject.last_day * kDay);
  X509_set_pubkey(raw, key);
  X509_NAME* name = X509_get_subject_name(raw);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(subject.name.c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(raw, issuer == nullptr ? name : issuer);
  return certificate;
}

}  // namespace

struct TestCa::Impl {
  Key key = make_key();
  Certificate certificate{nullptr, &X509_free};
  std::string text;
};

TestCa::TestCa(const std::string& name) : impl_(std::make_unique<Impl>()) {
  impl_->certificate = make_certificate({name, "", -1, 3650}, impl_->key.get(), nullptr);
  add_extension(impl_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(impl_->certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  EG_ASSERT(X509_sign(impl_->certificate.get(), impl_->key.get(), EVP_sha256()) > 0);
  impl_->text = pem(impl_->certificate.get());
}

TestCa::~TestCa() = default;

const std::string& TestCa::certificate() const { return impl_->text; }

TestPair TestCa::issue(const Subject& subject) const {
  const Key key = make_key();
  const Certificate certificate = make_certificate(subject, key.get(), X509_get_subject_name(impl_->certificate.get()));
  add_extension(certificate.get(), NID_basic_constraints, "CA:FALSE");
  if (!subject.alternative.empty()) add_extension(certificate.get(), NID_subject_alt_name, subject.alternative);
  EG_ASSERT(X509_sign(certificate.get(), impl_->key.get(), EVP_sha256()) > 0);
  return {pem(certificate.get()), pem(key.get())};
}

}  // namespace embergate::test
