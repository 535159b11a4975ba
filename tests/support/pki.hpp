// SPDX-License-Identifier: Apache-2.0
// Certificates and keys for tests, made in memory: an authority, what it issues, and the forms in which they are
// delivered. Thread: any, one object at a time. Ownership: texts by value. Failure: EG_ASSERT.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace embergate::test {

struct Issued {
  std::string certificate;  // PEM, the leaf alone
  std::string key;          // PEM, PKCS#8, not encrypted
};

struct IssueOptions {
  std::chrono::system_clock::time_point not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
  std::chrono::system_clock::time_point not_after = std::chrono::system_clock::now() + std::chrono::hours(24 * 90);
  std::vector<std::string> names{"localhost"};  // DNS names
  std::vector<std::string> addresses{"127.0.0.1"};
};

class Authority {
 public:
  explicit Authority(const std::string& common_name, const IssueOptions& options = {});
  ~Authority();
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;

  static Authority load(const std::string& certificate, const std::string& key);  // PEM, made elsewhere

  [[nodiscard]] std::string certificate() const;  // PEM
  [[nodiscard]] std::string key() const;
  [[nodiscard]] Issued issue(const std::string& common_name, const IssueOptions& options = {}) const;
  [[nodiscard]] Authority intermediate(const std::string& common_name, const IssueOptions& options = {}) const;

 private:
  struct Impl;
  explicit Authority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What only the owner of an elliptic key knows: the bytes of its private number. Its PEM text has more than that in
// common with any certificate.
std::string private_number(const std::string& key);
// Of older tools: a key under 128 bits of RC4, 40 bits of RC2, or three DES; a store whose certificates are under the
// same (RC2 for RC4, as those tools had it).
enum class OldCipher { kNone, kRc4, kRc2, kTripleDes };
std::string encrypted_key(const std::string& key, const std::string& password,
                          OldCipher cipher = OldCipher::kNone);  // PEM, PKCS#8
// DER; `chain` is PEM of further certificates.
std::string pkcs12(const Issued& issued, const std::string& chain, const std::string& password,
                   OldCipher cipher = OldCipher::kNone);

}  // namespace embergate::test
