// SPDX-License-Identifier: Apache-2.0
#include "vault/inspection.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "support/pki.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using test::Authority;
using test::IssueOptions;

Secret secret(std::string_view text) { return Secret(std::string(text)); }

core::SystemTime seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::time_point_cast<core::SystemTime::duration>(std::chrono::floor<std::chrono::seconds>(time));
}

class InspectionTest : public ::testing::Test {
 protected:
  static std::string_view inspected(std::string_view text, ContentKind kind) {
    return inspect(secret(text), kind).reason;
  }
  static std::string_view proven(std::string_view chain, std::string_view key, const char* password = nullptr) {
    const Secret first = secret(chain);
    const Secret second = secret(key);
    const Secret third = secret(password == nullptr ? "" : password);
    return prove({{ContentKind::kCertificateChain, &first, nullptr},
                  {ContentKind::kPrivateKey, &second, password == nullptr ? nullptr : &third}})
        .reason;
  }

  const Authority root_{"root"};
  const Authority middle_ = root_.intermediate("middle");
  const test::Issued a_ = middle_.issue("a");
  const test::Issued b_ = middle_.issue("b");
};

TEST_F(InspectionTest, ReadsWhatEachKindShouldHold) {
  EXPECT_EQ(inspected(a_.certificate + middle_.certificate(), ContentKind::kCertificateChain), "");
  EXPECT_EQ(inspected(root_.certificate(), ContentKind::kAuthorities), "");
  EXPECT_EQ(inspected(a_.key, ContentKind::kPrivateKey), "");
  EXPECT_EQ(inspected(test::encrypted_key(a_.key, "pw"), ContentKind::kPrivateKey), "");
  EXPECT_EQ(inspected(a_.key + a_.certificate, ContentKind::kKeyAndChain), "");
  EXPECT_EQ(inspected(test::pkcs12(a_, "", "pw"), ContentKind::kPkcs12), "");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(InspectionTest, RefusesWhatIsSomethingElse) {
  EXPECT_EQ(inspected(a_.key, ContentKind::kCertificateChain), "bad-pem");
  EXPECT_EQ(inspected(a_.certificate, ContentKind::kPrivateKey), "bad-pem");
  EXPECT_EQ(inspected(a_.certificate, ContentKind::kKeyAndChain), "bad-pem");
  EXPECT_EQ(inspected(a_.key, ContentKind::kAuthorities), "bad-pem");
  EXPECT_EQ(inspected(a_.certificate, ContentKind::kPkcs12), "bad-pkcs12");
  EXPECT_EQ(inspected("\xFE\xED\xFE\xED jks", ContentKind::kPkcs12), "bad-pkcs12");
  auto damaged = a_.certificate + middle_.certificate();
  damaged[damaged.size() - 100] = '!';
  EXPECT_EQ(inspected(damaged, ContentKind::kCertificateChain), "bad-pem");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

// OpenSSL would ask for it on the terminal, or take it from standard input, and the look would wait for that.
TEST_F(InspectionTest, ACertificateThatIsEncryptedAsksNoOneForAPassword) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----\n";
  auto encrypted = a_.certificate;
  encrypted.insert(encrypted.find(kBegin) + kBegin.size(),
                   "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n");
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  ASSERT_EQ(write(pipe_ends[1], "word\n", 5), 5);
  close(pipe_ends[1]);
  const int input = dup(STDIN_FILENO);
  ASSERT_EQ(dup2(pipe_ends[0], STDIN_FILENO), STDIN_FILENO);
  EXPECT_EQ(inspected(encrypted, ContentKind::kCertificateChain), "bad-pem");
  EXPECT_EQ(inspected(encrypted, ContentKind::kAuthorities), "bad-pem");
  int left = 0;
  EXPECT_EQ(ioctl(pipe_ends[0], FIONREAD, &left), 0);
  EXPECT_EQ(left, 5) << "the password that was asked for";
  if (input >= 0) {
    dup2(input, STDIN_FILENO);
    close(input);
  } else {
    close(STDIN_FILENO);
  }
  close(pipe_ends[0]);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(InspectionTest, ProvesThatKeyAndChainBelongTogether) {
  const auto chain = a_.certificate + middle_.certificate();
  EXPECT_EQ(proven(chain, a_.key), "");
  EXPECT_EQ(proven(a_.certificate, a_.key), "");
  EXPECT_EQ(proven(chain + root_.certificate(), a_.key), "");
  EXPECT_EQ(proven(chain, b_.key), "pair-mismatch");
  EXPECT_EQ(proven(middle_.certificate(), a_.key), "pair-mismatch");
}

TEST_F(InspectionTest, Login69_Login77_TakesTheCertificatesInAnyOrder) {
  EXPECT_EQ(proven(middle_.certificate() + a_.certificate, a_.key), "");
  EXPECT_EQ(proven(a_.certificate + root_.certificate() + middle_.certificate(), a_.key), "");
  EXPECT_EQ(proven(root_.certificate() + middle_.certificate() + a_.certificate, a_.key), "");
  EXPECT_EQ(inspected(root_.certificate() + a_.key + middle_.certificate() + a_.certificate, ContentKind::kKeyAndChain),
            "");
  EXPECT_EQ(inspected(root_.certificate() + b_.key + middle_.certificate() + a_.certificate, ContentKind::kKeyAndChain),
            "pair-mismatch");
}

TEST_F(InspectionTest, SortsTheChainByWhoSignedWhomAndLeavesOutWhatBelongsToNobody) {
  const Authority namesake = Authority("middle");  // the same name, another key
  const Secret key = secret(a_.key);
  const Secret mixed =
      secret(namesake.certificate() + b_.certificate + root_.certificate() + a_.certificate + middle_.certificate());
  const auto opened = open_pem_key(key, &mixed, nullptr);
  ASSERT_TRUE(opened.material);
  EXPECT_EQ(opened.material->chain, a_.certificate + middle_.certificate() + root_.certificate());
  EXPECT_FALSE(opened.material->old_cipher);
}

TEST_F(InspectionTest, DoesNotCareForTheEndOfACertificateThatIsNotUsed) {
  const auto now = std::chrono::system_clock::now();
  IssueOptions gone;
  gone.not_before = now - 48h;
  gone.not_after = now - 24h;
  const auto old = middle_.issue("a", gone);
  const Secret chain = secret(old.certificate + a_.certificate + middle_.certificate());
  const Secret key = secret(a_.key);
  const auto proof =
      prove({{ContentKind::kCertificateChain, &chain, nullptr}, {ContentKind::kPrivateKey, &key, nullptr}});
  EXPECT_EQ(proof.reason, "");
  EXPECT_EQ(refusal_of(proof.validity, seconds_of(now)), "");
  EXPECT_EQ(refusal_of(inspect(chain, ContentKind::kCertificateChain).validity, seconds_of(now)), "");
}

class OldCiphers : public InspectionTest {
 protected:
  static Inspection store_proof(const std::string& store, const char* password) {
    const Secret bytes = secret(store);
    const Secret text = secret(password);
    return prove({{ContentKind::kPkcs12, &bytes, &text}});
  }
  static Inspection key_proof(const std::string& chain, const std::string& key, const char* password) {
    const Secret first = secret(chain);
    const Secret second = secret(key);
    const Secret text = secret(password);
    return prove({{ContentKind::kCertificateChain, &first, nullptr}, {ContentKind::kPrivateKey, &second, &text}});
  }

  const std::string rc4_key_ = test::encrypted_key(a_.key, "kpw", test::OldCipher::kRc4);
  const std::string rc2_store_ = test::pkcs12(a_, middle_.certificate(), "spw", test::OldCipher::kRc2);
};

TEST_F(OldCiphers, Login53_Login54_AreOpenedWithTheLegacyProviderAndSaidToBeSo) {
  for (const auto cipher : {test::OldCipher::kRc4, test::OldCipher::kRc2, test::OldCipher::kTripleDes}) {
    const bool legacy = cipher != test::OldCipher::kTripleDes;  // the usual provider has that one
    const auto key = key_proof(a_.certificate, test::encrypted_key(a_.key, "kpw", cipher), "kpw");
    EXPECT_EQ(key.reason, "");
    EXPECT_EQ(key.old_cipher, legacy);
    EXPECT_EQ(key_proof(a_.certificate, test::encrypted_key(a_.key, "kpw", cipher), "no").reason, "pair-mismatch");
    const auto store = store_proof(test::pkcs12(a_, middle_.certificate(), "spw", cipher), "spw");
    EXPECT_EQ(store.reason, "");
    EXPECT_EQ(store.old_cipher, legacy);
    EXPECT_TRUE(store.validity.not_after);
    EXPECT_EQ(store_proof(test::pkcs12(a_, "", "spw", cipher), "no").reason, "pair-mismatch");
  }
  EXPECT_EQ(EVP_CIPHER_fetch(nullptr, "RC4", nullptr), nullptr) << "the process as a whole must not have it";
  ERR_clear_error();
}

TEST_F(OldCiphers, Login53_Login54_AreCalledByTheirNameWhereTheLegacyProviderIsNotInstalled) {
  ::setenv("OPENSSL_MODULES", "/nonexistent", 1);
  EXPECT_EQ(key_proof(a_.certificate, test::encrypted_key(a_.key, "kpw"), "kpw").reason, "");
  const auto key = rc4_key_;
  EXPECT_EQ(key_proof(a_.certificate, key, "kpw").reason, "legacy-cipher");
  EXPECT_EQ(store_proof(rc2_store_, "spw").reason, "legacy-cipher");
  ::unsetenv("OPENSSL_MODULES");
  EXPECT_EQ(key_proof(a_.certificate, key, "kpw").reason, "");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(InspectionTest, OpensEncryptedKeysWithTheirPasswordOnly) {
  const auto key = test::encrypted_key(a_.key, "p\"w");
  EXPECT_EQ(proven(a_.certificate, key, "p\"w"), "");
  EXPECT_EQ(proven(a_.certificate, key, "other"), "pair-mismatch");
  EXPECT_EQ(proven(a_.certificate, key), "pair-mismatch");
  EXPECT_EQ(proven(a_.certificate, a_.key, "needless"), "");
}

TEST_F(InspectionTest, ProvesFilesThatHoldKeyAndChain) {
  for (const auto& text : {a_.key + a_.certificate + middle_.certificate(), a_.certificate + a_.key}) {
    const Secret one = secret(text);
    EXPECT_EQ(prove({{ContentKind::kKeyAndChain, &one, nullptr}}).reason, "");
  }
  const Secret mixed = secret(b_.key + a_.certificate);
  EXPECT_EQ(prove({{ContentKind::kKeyAndChain, &mixed, nullptr}}).reason, "pair-mismatch");
}

TEST_F(InspectionTest, OpensKeyStores) {
  const Secret store = secret(test::pkcs12(a_, middle_.certificate(), "pw"));
  const Secret right = secret("pw");
  const Secret wrong = secret("no");
  const auto proof = prove({{ContentKind::kPkcs12, &store, &right}});
  EXPECT_EQ(proof.reason, "");
  EXPECT_TRUE(proof.validity.not_after);
  EXPECT_EQ(prove({{ContentKind::kPkcs12, &store, &wrong}}).reason, "pair-mismatch");
  EXPECT_EQ(prove({{ContentKind::kPkcs12, &store, nullptr}}).reason, "pair-mismatch");
}

TEST_F(InspectionTest, TellsTheEarliestEndOfAChain) {
  const auto now = std::chrono::system_clock::now();
  IssueOptions soon;
  soon.not_after = now + 48h;
  const auto brief = root_.intermediate("brief", soon);
  const auto leaf = brief.issue("leaf");
  const auto inspection = inspect(secret(leaf.certificate + brief.certificate()), ContentKind::kCertificateChain);
  ASSERT_TRUE(inspection.validity.not_after);
  EXPECT_EQ(*inspection.validity.not_after, seconds_of(soon.not_after));
  EXPECT_EQ(refusal_of(inspection.validity, seconds_of(now)), "");
  EXPECT_EQ(refusal_of(inspection.validity, seconds_of(now + 49h)), "expired");
  EXPECT_EQ(refusal_of(inspection.validity, seconds_of(now - 1h - 4min)), "");  // a clock that is a little behind
  EXPECT_EQ(refusal_of(inspection.validity, seconds_of(now - 2h)), "expired");
}

TEST_F(InspectionTest, LooksPastAuthoritiesThatHaveGoneBesideTheirSuccessor) {
  const auto now = std::chrono::system_clock::now();
  IssueOptions gone;
  gone.not_before = now - 48h;
  gone.not_after = now - 24h;
  const Authority old("root", gone);
  const auto both = inspect(secret(old.certificate() + root_.certificate()), ContentKind::kAuthorities);
  EXPECT_EQ(refusal_of(both.validity, seconds_of(now)), "");
  const auto alone = inspect(secret(old.certificate()), ContentKind::kAuthorities);
  EXPECT_EQ(refusal_of(alone.validity, seconds_of(now)), "expired");
}

TEST_F(InspectionTest, ReadsTheTimesOfATokenAndNothingElse) {
  // {"exp":1700000100,"nbf":1700000000,"inner":{"exp":1}}
  const auto token =
      inspect(secret("eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAxMDAsIm5iZiI6MTcwMDAwMDAwMCwiaW5uZXIiOnsiZXhwIjoxfX0.x"),
              ContentKind::kBearerToken);
  EXPECT_EQ(token.reason, "");
  EXPECT_EQ(token.validity.not_after, core::SystemTime(1'700'000'100s));
  EXPECT_EQ(token.validity.not_before, core::SystemTime(1'700'000'000s));
  for (const auto* opaque : {"opaque", "a.b.c", "a.b", "a.eyJleHAiOiJ4In0.c", "a.eyJleHAiOi0xfQ.c", "a..c", "...."})
    EXPECT_FALSE(inspect(secret(opaque), ContentKind::kBearerToken).validity.not_after) << opaque;
}

}  // namespace
}  // namespace embergate::vault
