// SPDX-License-Identifier: Apache-2.0
#include "app/gateway_proof.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "app/file_owner.hpp"
#include "app/listener_files.hpp"
#include "app/socket_owner.hpp"
#include "app/start_file.hpp"
#include "app/vault_setup.hpp"

namespace embergate::app {
namespace {

constexpr std::size_t kLargestCertificates = 1'048'576;

// Only of a file that was named, by its whole path: one of another user in the working directory would make that user
// one who is believed.
std::optional<uid_t> owner_of_database(const SettingsReading& reading) {
  const auto& given = reading.given;
  if (std::find(given.begin(), given.end(), "BOX_DB_PATH") == given.end()) return std::nullopt;
  return known_owner(reading.settings.database.path);
}

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

// What else the text holds, such as the key, is passed over. No password is asked for.
std::vector<std::string> certificates_in(std::string_view pem) {
  std::vector<std::string> all;
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const auto no_password = [](char*, int, int, void*) { return -1; };
  while (bio) {
    const std::unique_ptr<X509, Free> one(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!one) break;
    all.push_back(der_of(one.get()));
  }
  ERR_clear_error();
  return all;
}

// In any order, authorities included: who shows one of these has its key.
std::vector<std::string> certificates_of(const Settings& settings) {
  if (settings.tls_certificate.empty()) return {};
  const auto config = load_vault_config(settings);
  const auto files = listener_files(listener_settings(settings));
  const vault::Entry* entry = config && files ? config->find(files->certificate) : nullptr;
  if (entry == nullptr || entry->json_pointer) return {};
  std::string reason;
  const auto pem = read_start_file(entry->path, kLargestCertificates, reason);
  return pem ? certificates_in(*pem) : std::vector<std::string>();
}

}  // namespace

GatewayProof proof_of(const SettingsReading& reading) {
  GatewayProof proof{{::geteuid(), 0}, certificates_of(reading.settings)};
  if (const auto owner = owner_of_database(reading)) proof.users.push_back(*owner);
  return proof;
}

bool may_run_the_gateway(const GatewayProof& proof, uid_t user) {
  return !stands_for_many(user) && std::find(proof.users.begin(), proof.users.end(), user) != proof.users.end();
}

bool is_its_certificate(const GatewayProof& proof, const X509* shown) {
  const std::string der = shown == nullptr ? std::string() : der_of(shown);
  return !der.empty() &&
         std::find(proof.certificates.begin(), proof.certificates.end(), der) != proof.certificates.end();
}

}  // namespace embergate::app
