// SPDX-License-Identifier: Apache-2.0
#include "kafka/key_pair.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "embergate/kafka/settings.hpp"
#include "embergate/vault/explanations.hpp"
#include "embergate/vault/key_material.hpp"

namespace embergate::kafka {

namespace {

using core::ErrorCode;
using core::make_error;
using vault::KeyFault;

core::Error problem(std::string_view text) { return make_error(ErrorCode::kInvalid, std::string(text)); }

bool contains(const vault::Secret& secret, std::string_view what) {
  return secret.with_plaintext([&](std::string_view text) { return text.find(what) != std::string_view::npos; });
}

bool begins_with(const vault::Secret& secret, std::string_view what) {
  return secret.with_plaintext([&](std::string_view text) { return text.starts_with(what); });
}

core::Error problem_of(KeyFault fault) {
  switch (fault) {
    case KeyFault::kPasswordMissing:
      return problem("the private key is encrypted: sslKeyPassword is missing");
    case KeyFault::kPasswordWrong:
      return problem("sslKeyPassword does not open the private key");
    case KeyFault::kNoCertificate:
      return problem(
          "there is no client certificate: put it behind the key in the same file, or give "
          "sslKeystoreCertificateChain");
    case KeyFault::kNoFit:
      return problem("no certificate of the client belongs to its private key");
    case KeyFault::kOldCipher:
      return problem(vault::explanation_of("legacy-cipher"));
    case KeyFault::kUnknownKind:
      return problem("the private key is of a kind that cannot be written as PEM");
    default:
      return problem("sslKeystoreKey holds no private key in PEM");
  }
}

core::Error problem_of_store(KeyFault fault, const vault::Secret& store) {
  switch (fault) {
    case KeyFault::kNotPkcs12:
      if (contains(store, "-----BEGIN")) return problem("the key store is PEM: leave out sslKeystoreType");
      return problem("the PKCS#12 store cannot be read: it is damaged, or no such store");
    case KeyFault::kPasswordWrong:
      return problem("sslKeyPassword does not open the PKCS#12 store");
    case KeyFault::kNoKey:
      return problem("the PKCS#12 store holds no private key");
    default:
      return problem_of(fault);
  }
}

core::Result<KeyPair> pair_of(vault::KeyMaterial material) {
  const auto now = std::chrono::time_point_cast<core::SystemTime::duration>(std::chrono::system_clock::now());
  if (material.validity.not_after && *material.validity.not_after < now)
    return problem("the client certificate has expired");
  return KeyPair{std::move(material.private_key), std::move(material.chain)};
}

}  // namespace

core::Result<KeyPair> key_pair_from_pem(const vault::Secret& key, const vault::Secret* chain,
                                        const vault::Secret* password) {
  if (begins_with(key, "\xfe\xed\xfe\xed"))
    return problem(fmt::format("the key is a Java key store (JKS); {}", kConvertJks));
  if (begins_with(key, "\x30\x82")) return problem("the key is not PEM; for PKCS#12 set sslKeystoreType to PKCS12");
  auto opened = vault::open_pem_key(key, chain, password);
  if (!opened.material) return problem_of(opened.fault);
  return pair_of(*std::move(opened.material));
}

core::Result<KeyPair> key_pair_from_pkcs12(const vault::Secret& store, const vault::Secret* password) {
  if (begins_with(store, "\xfe\xed\xfe\xed")) {
    return problem(fmt::format("the key store is a Java key store (JKS); {}", kConvertJks));
  }
  auto opened = vault::open_key_store(store, password);
  if (!opened.material) return problem_of_store(opened.fault, store);
  return pair_of(*std::move(opened.material));
}

bool same_key_pair(const KeyPair& left, const KeyPair& right) {
  return left.certificate_chain == right.certificate_chain && left.private_key.with_plaintext([&](std::string_view a) {
    return right.private_key.with_plaintext([&](std::string_view b) { return a == b; });
  });
}

}  // namespace embergate::kafka
