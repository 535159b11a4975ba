// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/key_material.hpp"

#include <openssl/pem.h>
#include <openssl/provider.h>

#include <algorithm>
#include <cstring>

#include "vault/chain.hpp"
#include "vault/openssl_handles.hpp"

namespace embergate::vault {
namespace {

using Library = std::unique_ptr<OSSL_LIB_CTX, Freed<OSSL_LIB_CTX_free>>;
using Provider = std::unique_ptr<OSSL_PROVIDER, Freed<OSSL_PROVIDER_unload>>;

// OpenSSL with the ciphers that it has put aside, beside the one that the process uses. Made for one key: they come
// seldom.
class OldLibrary {
 public:
  OldLibrary() : library_(OSSL_LIB_CTX_new()) {
    if (!library_) return;
    legacy_ = Provider(OSSL_PROVIDER_load(library_.get(), "legacy"));
    usual_ = Provider(OSSL_PROVIDER_load(library_.get(), "default"));
  }
  [[nodiscard]] bool is_there() const { return legacy_ && usual_; }
  [[nodiscard]] OSSL_LIB_CTX* get() const { return library_.get(); }

 private:
  Library library_;
  Provider legacy_;
  Provider usual_;
};

int give_password(char* buffer, int size, int, void* given) {
  const auto* password = static_cast<const Secret*>(given);
  if (password == nullptr) return -1;  // OpenSSL asks on the terminal when there is no callback
  return password->with_plaintext([&](std::string_view text) {
    if (text.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, text.data(), text.size());
    return static_cast<int>(text.size());
  });
}

// Whether what failed since the mark failed for want of an algorithm. Empties the queue. With all providers at hand
// OpenSSL still says "unsupported" after a wrong password, so only its more exact reasons count then.
bool lacks_algorithm(bool all_providers = false) {
  bool lacks = false;
  while (const auto error = ERR_get_error()) {
    const int library = ERR_GET_LIB(error);
    const int reason = ERR_GET_REASON(error);
    lacks |= library == ERR_LIB_EVP && (reason == EVP_R_UNKNOWN_CIPHER || reason == EVP_R_UNKNOWN_PBE_ALGORITHM);
    lacks |= library == ERR_LIB_PEM && reason == PEM_R_UNSUPPORTED_ENCRYPTION;
    lacks |=
        !all_providers && library == ERR_LIB_EVP &&
        (reason == EVP_R_UNSUPPORTED_ALGORITHM || reason == EVP_R_UNSUPPORTED_CIPHER || reason == ERR_R_UNSUPPORTED);
  }
  return lacks;
}

Key key_in(std::string_view text, const Secret* password, OSSL_LIB_CTX* library) {
  const auto reader = reader_of(text);
  return Key(PEM_read_bio_PrivateKey_ex(reader.get(), nullptr, give_password, const_cast<Secret*>(password), library,
                                        nullptr));
}

// Through memory that OpenSSL wipes.
Secret pem_of(EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return Secret(std::string(bytes, static_cast<std::size_t>(std::max(size, 0L))));
}

std::string pem_of(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

OpenedKey failed(KeyFault fault) { return {std::nullopt, fault}; }

OpenedKey material_of(EVP_PKEY* key, const Certificates& certificates, bool old_cipher) {
  if (certificates.empty()) return failed(KeyFault::kNoCertificate);
  const auto chain = chain_of(certificates, key);
  if (chain.empty()) return failed(KeyFault::kNoFit);
  KeyMaterial material{pem_of(key), {}, validity_of(chain), old_cipher};
  if (material.private_key.empty()) return failed(KeyFault::kUnknownKind);
  for (X509* one : chain) material.chain += pem_of(one);
  return {std::move(material), KeyFault::kNone};
}

bool is_encrypted(std::string_view text) {
  return text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
         text.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

// A key that was read in the library with the old ciphers belongs to it, so it is read once more in the usual one.
Key key_through(const OldLibrary& old, std::string_view text, const Secret* password) {
  const Key found = key_in(text, password, old.get());
  if (!found) return nullptr;
  return pem_of(found.get()).with_plaintext([](std::string_view plain) { return key_in(plain, nullptr, nullptr); });
}

OpenedKey open_pem(std::string_view text, std::string_view certificates, const Secret* password) {
  bool old_cipher = false;
  Key key = key_in(text, password, nullptr);
  if (!key) {
    if (!is_encrypted(text)) return failed(KeyFault::kNoKey);
    if (password == nullptr) return failed(KeyFault::kPasswordMissing);
    old_cipher = lacks_algorithm();
    if (!old_cipher) return failed(KeyFault::kPasswordWrong);
    const OldLibrary old;
    if (!old.is_there()) return failed(KeyFault::kOldCipher);
    key = key_through(old, text, password);
    if (!key) return failed(lacks_algorithm(true) ? KeyFault::kOldCipher : KeyFault::kPasswordWrong);
  }
  ERR_clear_error();
  return material_of(key.get(), certificates_in(certificates), old_cipher);
}

struct StoreContent {
  bool opened = false;
  Key key;
  Certificates certificates;
};

// The C string of a password ends at its first NUL; single-line content has none.
StoreContent content_of(PKCS12* store, const Secret* password) {
  StoreContent content;
  std::string text;
  if (password != nullptr) text = password->with_plaintext([](std::string_view plain) { return std::string(plain); });
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  content.opened = PKCS12_parse(store, text.c_str(), &key, &leaf, &others) == 1;
  wipe(text);
  content.key = Key(key);
  if (leaf != nullptr) content.certificates.emplace_back(leaf);
  while (X509* other = sk_X509_shift(others)) content.certificates.emplace_back(other);
  sk_X509_free(others);
  return content;
}

KeyStore store_in(std::string_view bytes, OSSL_LIB_CTX* library) {
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  PKCS12* store = library == nullptr ? nullptr : PKCS12_init_ex(NID_pkcs7_data, library, nullptr);
  return KeyStore(d2i_PKCS12(&store, &begin, static_cast<long>(bytes.size())));
}

Certificate in_usual_library(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return nullptr;
  const unsigned char* begin = bytes;
  Certificate copy(d2i_X509(nullptr, &begin, size));
  OPENSSL_free(bytes);
  return copy;
}

StoreContent content_through(const OldLibrary& old, std::string_view bytes, const Secret* password) {
  StoreContent content;
  const auto store = store_in(bytes, old.get());
  if (!store) return content;
  const auto found = content_of(store.get(), password);
  content.opened = found.opened;
  if (found.key)
    content.key =
        pem_of(found.key.get()).with_plaintext([](std::string_view plain) { return key_in(plain, nullptr, nullptr); });
  for (const auto& one : found.certificates) {
    if (auto copy = in_usual_library(one.get())) content.certificates.push_back(std::move(copy));
  }
  return content;
}

OpenedKey open_store(std::string_view bytes, const Secret* password) {
  const auto store = store_in(bytes, nullptr);
  if (!store) return failed(KeyFault::kNotPkcs12);
  auto content = content_of(store.get(), password);
  bool old_cipher = false;
  if (!content.opened) {
    old_cipher = lacks_algorithm();
    if (!old_cipher) return failed(KeyFault::kPasswordWrong);
    const OldLibrary old;
    if (!old.is_there()) return failed(KeyFault::kOldCipher);
    content = content_through(old, bytes, password);
    if (!content.opened) return failed(lacks_algorithm(true) ? KeyFault::kOldCipher : KeyFault::kPasswordWrong);
  }
  ERR_clear_error();
  if (!content.key) return failed(KeyFault::kNoKey);
  return material_of(content.key.get(), content.certificates, old_cipher);
}

}  // namespace

OpenedKey open_pem_key(const Secret& key, const Secret* chain, const Secret* password) {
  ERR_clear_error();
  auto opened = key.with_plaintext([&](std::string_view text) {
    if (chain == nullptr) return open_pem(text, text, password);
    return chain->with_plaintext([&](std::string_view certificates) { return open_pem(text, certificates, password); });
  });
  ERR_clear_error();
  return opened;
}

OpenedKey open_key_store(const Secret& store, const Secret* password) {
  ERR_clear_error();
  auto opened = store.with_plaintext([&](std::string_view bytes) { return open_store(bytes, password); });
  ERR_clear_error();
  return opened;
}

}  // namespace embergate::vault
