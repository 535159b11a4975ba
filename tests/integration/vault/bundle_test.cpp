// SPDX-License-Identifier: Apache-2.0
// Certificate, key and authorities as one: real files, rotated as secret volumes and by single writers.
#include "embergate/vault/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "embergate/vault/file_system.hpp"
#include "support/atomic_volume.hpp"
#include "support/eventually.hpp"
#include "support/pki.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using test::AtomicVolume;
using ::testing::HasSubstr;

const Requester kDestination{"AidboxTopicDestination", "d", "parameter"};

// The machine's files, which change once when the next look comes to the one at `path`.
class ChangingFiles final : public FileSystem {
 public:
  ChangingFiles(std::string path, std::function<void()> change) : path_(std::move(path)), change_(std::move(change)) {}
  void change_at_next_look() { changes_ = true; }

  int open(const std::string& path) override {
    if (path == path_ && changes_.exchange(false)) change_();
    return machine_->open(path);
  }
  int fstat(int descriptor, struct stat& status) override { return machine_->fstat(descriptor, status); }
  long type_of(int descriptor) override { return machine_->type_of(descriptor); }
  ssize_t read(int descriptor, char* buffer, std::size_t n) override { return machine_->read(descriptor, buffer, n); }
  void close(int descriptor) override { machine_->close(descriptor); }
  int parent_mode(const std::string& path, mode_t& mode) override { return machine_->parent_mode(path, mode); }

 private:
  const std::shared_ptr<FileSystem> machine_ = machine_file_system();
  const std::string path_;
  const std::function<void()> change_;
  std::atomic<bool> changes_{false};
};

class Pairs : public ::testing::Test {
 protected:
  Pairs() {
    options_.ttl = 1h;
    options_.poll = 20ms;
    options_.quiet = 50ms;
    options_.grace = 200ms;
  }
  void serve(const std::string& directory, std::shared_ptr<FileSystem> files = nullptr) {
    const auto entry = [&](const std::string& name, const std::string& scope) {
      return "\"" + name + "\":{\"path\":\"" + directory + "/" + name + "\",\"scope\":[\"" + scope + "\"]}";
    };
    const auto config =
        VaultConfig::parse("{\"secret\":{" + entry("crt", "AidboxTopicDestination/d") + "," +
                           entry("key", "AidboxTopicDestination/d") + "," + entry("ca", "AidboxTopicDestination/d") +
                           "," + entry("pw", "AidboxTopicDestination/d") + "," + entry("foreign", "Client/x") + "}}");
    ASSERT_TRUE(config) << config.error().diagnostics;
    cache_.emplace(*config, options_, core::system_clock(), metrics_, std::move(files));
  }
  static BundleMember member(std::string_view name, ContentKind kind, std::optional<std::size_t> password = {}) {
    return {make_secret_name(name), kind, {}, password};
  }
  std::shared_ptr<Bundle> pair() {
    return cache_->bundle({member("crt", ContentKind::kCertificateChain), member("key", ContentKind::kPrivateKey)});
  }
  std::shared_ptr<Bundle> trio() {
    return cache_->bundle({member("crt", ContentKind::kCertificateChain), member("key", ContentKind::kPrivateKey),
                           member("ca", ContentKind::kAuthorities)});
  }
  static std::string text(const BundleValue& value, std::size_t i) {
    return value.members[i]->with_plaintext([](std::string_view bytes) { return std::string(bytes); });
  }
  // The generation in use, or 0 and the reason.
  static std::uint64_t generation(Bundle& bundle) {
    const auto value = bundle.resolve(kDestination, Use::kOutboundRunning);
    return value ? (*value)->generation : 0;
  }
  static bool comes(Bundle& bundle, std::uint64_t wanted) {
    return test::eventually([&] { return generation(bundle) == wanted; });
  }
  void put(const std::string& name, std::string_view bytes) { test::replace_by_rename(dir_.file(name), bytes); }

  test::TempDir dir_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  std::optional<SecretCache> cache_;
  const test::Authority root_{"root"};
};

TEST_F(Pairs, RM13_SwappedContinuouslyAreNeverMixed) {
  AtomicVolume volume(dir_.path() / "v");
  std::vector<test::Issued> issued;
  for (int i = 0; i < 8; ++i) issued.push_back(root_.issue("leaf" + std::to_string(i)));
  const auto write = [&](int i) {
    const auto& one = issued[static_cast<std::size_t>(i) % issued.size()];
    volume.write({{"crt", one.certificate}, {"key", one.key}, {"ca", root_.certificate()}, {"pw", std::to_string(i)}});
  };
  write(0);
  options_.quiet = 2ms;  // so that much is accepted while the volume moves
  serve((dir_.path() / "v").string());
  const auto bundle = cache_->bundle({member("crt", ContentKind::kCertificateChain),
                                      member("key", ContentKind::kPrivateKey), member("pw", ContentKind::kSingleLine)});
  ASSERT_TRUE(comes(*bundle, 1));
  std::atomic<bool> ends{false};
  std::atomic<int> seen{0};
  std::atomic<int> mixed{0};
  const auto read = [&] {
    std::uint64_t last = 0;
    while (!ends) {
      const auto value = bundle->resolve(kDestination, Use::kOutboundRunning);
      if (!value || (*value)->generation == last) continue;
      last = (*value)->generation;
      ++seen;
      // The password takes no part in the proof: only the snapshot keeps it with its pair.
      const auto& one = issued[static_cast<std::size_t>(std::stoi(text(**value, 2))) % issued.size()];
      if (text(**value, 0) + "\n" != one.certificate || text(**value, 1) + "\n" != one.key) ++mixed;
    }
  };
  std::thread a(read);
  std::thread b(read);
  int written = 0;
  // Bursts of one to eight swaps without a pause. After each, something new must come: how fast the writer is against
  // the quiet time then decides nothing.
  bool comes_on = true;
  for (int burst = 0; comes_on && burst < 100; ++burst) {
    const int before = seen;
    for (int swaps = 0; swaps <= burst % 8; ++swaps) write(++written);
    comes_on = test::eventually([&] { return seen > before; });
  }
  EXPECT_TRUE(comes_on) << "nothing new after swap " << written;
  const auto last = std::to_string(written);
  EXPECT_TRUE(test::eventually([&] {
    const auto value = bundle->resolve(kDestination, Use::kOutboundRunning);
    return value && text(**value, 2) == last;
  }));
  ends = true;
  a.join();
  b.join();
  EXPECT_EQ(mixed, 0);
}

TEST_F(Pairs, WhichAreSwappedBetweenTheLooksAtThemAreNeverMixed) {
  options_.quiet = 0ms;                                             // no quiet time tells that something moves
  options_.start_poll_thread = false;
  const auto write = [&](std::string_view bytes) {
    put("crt", bytes);
    put("pw", bytes);
  };
  write("1");
  const auto files = std::make_shared<ChangingFiles>(dir_.file("pw"), [&] { write("2"); });
  serve(dir_.path().string(), files);
  const auto bundle = cache_->bundle({member("crt", ContentKind::kSingleLine), member("pw", ContentKind::kSingleLine)});
  ASSERT_EQ(generation(*bundle), 1U);
  files->change_at_next_look();
  const auto value = bundle->resolve(kDestination, Use::kOutboundRunning);
  ASSERT_TRUE(value);
  EXPECT_EQ(text(**value, 0), "2");
  EXPECT_EQ(text(**value, 1), "2");
  EXPECT_EQ((*value)->generation, 2U);
}

TEST_F(Pairs, RM14_ByTwoRenamesChangeOnceBothAreThere) {
  auto current = root_.issue("leaf0");
  put("crt", current.certificate);
  put("key", current.key);
  serve(dir_.path().string());
  const auto bundle = pair();
  std::mutex mutex;
  std::vector<std::uint64_t> told;
  const auto watch = bundle->watch([&](std::uint64_t generation) {
    std::lock_guard lock(mutex);
    told.push_back(generation);
  });
  ASSERT_TRUE(comes(*bundle, 1));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto next = root_.issue("leaf" + std::to_string(i));
    put("crt", next.certificate);
    // The new certificate has been accepted as a file; the pair that is used is still the old one.
    ASSERT_TRUE(test::eventually([&] {
      static_cast<void>(generation(*bundle));
      return cache_->report(*make_secret_name("crt")).generation == i + 1;
    }));
    const auto between = bundle->resolve(kDestination, Use::kOutboundRunning);
    ASSERT_TRUE(between);
    EXPECT_EQ(text(**between, 0) + "\n", current.certificate);
    EXPECT_EQ(text(**between, 1) + "\n", current.key);
    EXPECT_EQ(bundle->report().state, State::kOk);  // not a fault yet
    put("key", next.key);
    EXPECT_TRUE(comes(*bundle, i + 1));
    current = next;
  }
  EXPECT_TRUE(test::eventually([&] {
    std::lock_guard lock(mutex);
    return told == std::vector<std::uint64_t>({1, 2, 3, 4});
  }));
}

TEST_F(Pairs, RM15_WhoseKeyNeverFollowsStayAndAreReported) {
  options_.pair_mismatch = 300ms;
  const auto old = root_.issue("old");
  put("crt", old.certificate);
  put("key", old.key);
  serve(dir_.path().string());
  const auto bundle = pair();
  const auto watch = bundle->watch([](std::uint64_t) {});
  ASSERT_TRUE(comes(*bundle, 1));
  put("crt", root_.issue("new").certificate);
  EXPECT_TRUE(test::eventually([&] { return bundle->report().reason == "pair-mismatch"; }));
  EXPECT_EQ(bundle->report().state, State::kStale);
  EXPECT_FALSE(bundle->report().culprit);
  EXPECT_EQ(cache_->report(*make_secret_name("key")).reason, "pair-mismatch");
  EXPECT_EQ(cache_->report(*make_secret_name("key")).fault, core::Fault::kSecretStale);
  EXPECT_EQ(cache_->report(*make_secret_name("key")).state, State::kStale);
  const auto value = bundle->resolve(kDestination, Use::kOutboundRunning);
  ASSERT_TRUE(value);
  EXPECT_EQ(text(**value, 0) + "\n", old.certificate);
  put("crt", old.certificate);  // taken back
  EXPECT_TRUE(test::eventually([&] { return bundle->report().state == State::kOk; }));
  EXPECT_EQ(generation(*bundle), 1U);
}

TEST_F(Pairs, ThatNeverFitAreNotGivenOutAndSayWhy) {
  put("crt", root_.issue("a").certificate);
  put("key", root_.issue("b").key);
  serve(dir_.path().string());
  const auto value = pair()->resolve(kDestination, Use::kOutboundRunning);
  ASSERT_FALSE(value);
  EXPECT_TRUE(value.error().retriable);
  EXPECT_THAT(value.error().diagnostics, HasSubstr("secret \"crt\", \"key\" cannot be used (pair-mismatch): "));
  EXPECT_EQ(value.error().fault, core::Fault::kSecretPairMismatch);
}

TEST_F(Pairs, DoNotMoveWhileAMemberIsBad) {
  const auto first = root_.issue("first");
  put("crt", first.certificate);
  put("key", first.key);
  put("ca", root_.certificate());
  serve(dir_.path().string());
  const auto bundle = trio();
  ASSERT_TRUE(comes(*bundle, 1));
  const auto next = root_.issue("next");
  put("ca", "");  // the new pair is never used with the old authorities
  put("crt", next.certificate);
  put("key", next.key);
  EXPECT_TRUE(test::eventually([&] {
    static_cast<void>(generation(*bundle));
    return cache_->report(*make_secret_name("key")).generation == 2;
  }));
  const auto value = bundle->resolve(kDestination, Use::kOutboundRunning);
  ASSERT_TRUE(value);
  EXPECT_EQ(text(**value, 0) + "\n", first.certificate);
  EXPECT_EQ(bundle->report().reason, "empty");
  ASSERT_TRUE(bundle->report().culprit);
  EXPECT_EQ(bundle->report().culprit->value(), "ca");
  put("ca", test::Authority("other").certificate());
  EXPECT_TRUE(comes(*bundle, 2));
  EXPECT_EQ(bundle->report().state, State::kOk);
}

TEST_F(Pairs, AreNotGivenToOthersAfterTheGraceTime) {
  const auto one = root_.issue("one");
  put("crt", one.certificate);
  put("key", one.key);
  serve(dir_.path().string());
  const auto bundle = pair();
  ASSERT_TRUE(comes(*bundle, 1));
  std::filesystem::remove(dir_.file("key"));
  EXPECT_TRUE(test::eventually([&] { return !bundle->resolve(kDestination, Use::kOutboundAttempt); }));
  EXPECT_TRUE(bundle->resolve(kDestination, Use::kOutboundRunning));
  EXPECT_EQ(bundle->resolve(kDestination, Use::kOutboundAttempt).error().diagnostics.substr(0, 38),
            "secret \"key\" cannot be used (missing):");
}

TEST_F(Pairs, OfWhichOneMemberIsOutOfReachAreRefused) {
  const auto one = root_.issue("one");
  put("crt", one.certificate);
  put("foreign", one.key);
  serve(dir_.path().string());
  const auto bundle =
      cache_->bundle({member("crt", ContentKind::kCertificateChain), member("foreign", ContentKind::kPrivateKey)});
  const auto denied = bundle->resolve(kDestination, Use::kOutboundRunning);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, core::ErrorCode::kForbidden);
  EXPECT_EQ(denied.error().fault, core::Fault::kSecretScope);
  const auto unknown = cache_->bundle({member("nobody", ContentKind::kPrivateKey)});
  EXPECT_EQ(unknown->resolve(kDestination, Use::kOutboundRunning).error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(unknown->refresh(kDestination, Use::kOutboundRunning, 0).error().code, core::ErrorCode::kNotFound);
}

TEST_F(Pairs, WithAnEncryptedKeyFollowKeyAndPasswordTogether) {
  const auto first = root_.issue("first");
  put("key", test::encrypted_key(first.key, "one"));
  put("pw", "one\n");
  serve(dir_.path().string());
  // The certificate is public and stands in the resource.
  const auto bundle = cache_->bundle({{std::nullopt, ContentKind::kCertificateChain, first.certificate, {}},
                                      member("key", ContentKind::kPrivateKey, 2),
                                      member("pw", ContentKind::kSingleLine)});
  ASSERT_TRUE(comes(*bundle, 1));
  put("key", test::encrypted_key(first.key, "two"));
  EXPECT_EQ(generation(*bundle), 1U);
  put("pw", "two\n");
  EXPECT_TRUE(comes(*bundle, 2));
}

TEST_F(Pairs, OfOneFileChangeAsOne) {
  const auto first = root_.issue("first");
  put("key", first.key + first.certificate);
  serve(dir_.path().string());
  const auto bundle = cache_->bundle({member("key", ContentKind::kKeyAndChain)});
  ASSERT_TRUE(comes(*bundle, 1));
  for (std::uint64_t i = 2; i <= 4; ++i) {
    const auto next = root_.issue("next");
    put("key", next.key + next.certificate);
    EXPECT_TRUE(comes(*bundle, i));
  }
  EXPECT_TRUE((*bundle->resolve(kDestination, Use::kOutboundRunning))->not_after);
}

TEST_F(Pairs, ThatHaveExpiredAreNotTakenButNotDroppedEither) {
  const auto good = root_.issue("good");
  put("crt", good.certificate);
  put("key", good.key);
  serve(dir_.path().string());
  const auto bundle = pair();
  ASSERT_TRUE(comes(*bundle, 1));
  test::IssueOptions gone;
  gone.not_before = std::chrono::system_clock::now() - 48h;
  gone.not_after = std::chrono::system_clock::now() - 24h;
  const auto expired = root_.issue("expired", gone);
  put("crt", expired.certificate);
  put("key", expired.key);
  EXPECT_TRUE(test::eventually([&] {
    static_cast<void>(generation(*bundle));
    return bundle->report().reason == "expired";
  }));
  EXPECT_EQ(generation(*bundle), 1U);
  const auto next = root_.issue("next");
  put("crt", next.certificate);
  put("key", next.key);
  EXPECT_TRUE(comes(*bundle, 2));
}

TEST_F(Pairs, AreReadAgainAtOnceWhenARefreshIsForced) {
  options_.poll = 1h;
  const auto first = root_.issue("first");
  put("crt", first.certificate);
  put("key", first.key);
  serve(dir_.path().string());
  const auto bundle = pair();
  ASSERT_TRUE(comes(*bundle, 1));
  const auto next = root_.issue("next");
  put("crt", next.certificate);
  put("key", next.key);
  const auto value = bundle->refresh(kDestination, Use::kOutboundRunning, 1);
  ASSERT_TRUE(value);
  EXPECT_EQ((*value)->generation, 2U);
  EXPECT_EQ((*bundle->refresh(kDestination, Use::kOutboundRunning, 1))->generation, 2U);
}

TEST_F(Pairs, AskedForTwiceAreOne) {
  serve(dir_.path().string());
  EXPECT_EQ(pair(), pair());
  EXPECT_NE(pair(), trio());
}

}  // namespace
}  // namespace embergate::vault
