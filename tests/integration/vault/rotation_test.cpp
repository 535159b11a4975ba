// SPDX-License-Identifier: Apache-2.0
// Real files, replaced in every way in which secrets are delivered, at least three times each: the second rotation is
// the one that others missed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "embergate/observability/log.hpp"
#include "embergate/vault/cache.hpp"
#include "support/atomic_volume.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::AtomicVolume;

class Rotation : public ::testing::Test {
 protected:
  Rotation() {
    options_.ttl = 1h;  // nothing below may depend on the re-read by age
    options_.poll = 20ms;
    options_.quiet = 50ms;
    options_.grace = 2s;
  }

  void serve(const std::string& path, const std::string& members = "") {
    const auto config = VaultConfig::parse(
        R"({"secret":{"c1":{)" + members + R"("path":")" + path + R"(","scope":["Client/a"]}}})", rules_);
    ASSERT_TRUE(config) << config.error().diagnostics;
    cache_.emplace(*config, options_, core::system_clock(), metrics_);
  }
  std::string path() const { return dir_.file("secret"); }

  core::Result<SecretValue> resolve(Use use = Use::kInbound) {
    return cache_->resolve(name_, {"Client", "a", "secret"}, ContentKind::kSingleLine, use);
  }
  std::string value(Use use = Use::kInbound) {
    const auto value = resolve(use);
    return value ? value->secret->with_plaintext([](std::string_view text) { return std::string(text); })
                 : "(" + reason() + ")";
  }
  std::string reason() { return cache_->report(name_).reason; }
  std::uint64_t generation() { return cache_->report(name_).generation; }
  bool comes(const std::string& wanted) {
    return test::eventually([&] { return value() == wanted; });
  }

  test::TempDir dir_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  ConfigRules rules_;
  std::optional<SecretCache> cache_;
  const SecretName name_ = *make_secret_name("c1");
};

TEST_F(Rotation, RM01_OfAnAtomicVolumeIsEffectiveOnTheVeryNextRequest) {  // contract 1.7
  auto fastest = steady_clock::duration::max();
  for (const bool links_before : {false, true}) {
    AtomicVolume volume(dir_.path() / (links_before ? "old" : "new"), links_before);
    volume.write({{"key", "V0"}, {"other", "x"}});
    serve(volume.file("key"));
    ASSERT_EQ(value(), "V0");
    for (int i = 1; i <= 4; ++i) {
      const auto wanted = "V" + std::to_string(i);
      volume.write({{"key", wanted}, {"other", "x"}});
      const auto began = steady_clock::now();
      EXPECT_EQ(value(), wanted);
      const auto took = steady_clock::now() - began;
      EXPECT_LT(took, 2s);
      fastest = std::min(fastest, took);
      EXPECT_EQ(generation(), static_cast<std::uint64_t>(i + 1));
    }
  }
  EXPECT_LT(fastest, 500ms) << "the quiet time of a share would be in each, a pause of the machine is not";
}

TEST_F(Rotation, OfAnAtomicVolumeNeverShowsAHoleBetweenItsSteps) {
  AtomicVolume volume(dir_.path() / "v");
  volume.write({{"key", "V0"}});
  serve(volume.file("key"));
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    const auto before = "V" + std::to_string(i - 1);
    const auto after = "V" + std::to_string(i);
    volume.write({{"key", after}}, [&](AtomicVolume::Step step) {
      EXPECT_EQ(value(), step < AtomicVolume::Step::kSwapped ? before : after);
    });
  }
}

TEST_F(Rotation, RM11_OfANeighbourIsNoRotation) {
  AtomicVolume volume(dir_.path() / "v");
  volume.write({{"key", "V1"}, {"other", "x0"}});
  serve(volume.file("key"));
  ASSERT_EQ(value(), "V1");
  for (int i = 1; i <= 3; ++i) {
    volume.write({{"key", "V1"}, {"other", "x" + std::to_string(i)}});
    EXPECT_EQ(value(), "V1");
  }
  EXPECT_EQ(generation(), 1U);
}

TEST_F(Rotation, RM04_RM05_ByRenameWithAnOlderOrAnEqualTime) {
  options_.racy_age = 0ms;  // the identity alone must show it
  test::replace_by_rename(path(), "V0");
  serve(path());
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    struct stat old{};
    ASSERT_EQ(::stat(path().c_str(), &old), 0);
    const timespec past{1'000'000'000 - i, 0};
    const timespec times[2] = {past, i == 1 ? past : old.st_mtim};  // first far back, then the same again
    const auto wanted = "V" + std::to_string(i);
    dir_.write("next", wanted);
    ASSERT_EQ(::chmod(dir_.file("next").c_str(), 0640), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, dir_.file("next").c_str(), times, 0), 0);
    std::filesystem::rename(dir_.file("next"), path());
    EXPECT_EQ(value(), wanted);
  }
}

TEST_F(Rotation, RM06_InPlaceOfTheSameSizeInTheSameMoment) {
  test::replace_by_rename(path(), "V0");
  serve(path());
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    const auto wanted = "V" + std::to_string(i);
    test::overwrite_same_size(path(), wanted);
    EXPECT_EQ(value(), wanted);
  }
}

TEST_F(Rotation, RM07_RM08_InPlaceNeverLetsAHalfValueIn) {
  options_.quiet = 500ms;  // longer than this writer ever pauses
  test::replace_by_rename(path(), "first-value-0");
  serve(path());
  ASSERT_EQ(value(), "first-value-0");
  for (int i = 1; i <= 3; ++i) {
    const auto before = "first-value-" + std::to_string(i - 1);
    const auto wanted = "first-value-" + std::to_string(i);
    // Others ask all the time; they may get the old value or the new one, nothing else.
    std::atomic<bool> ends{false};
    std::atomic<int> wrong{0};
    std::thread other([&] {
      while (!ends) {
        const auto seen = value();
        if (seen != before && seen != wanted) ++wrong;
      }
    });
    const auto while_empty = [&] {
      EXPECT_EQ(value(), before);
      EXPECT_EQ(reason(), "empty");
    };
    const auto while_half = [&] {
      for (int look = 0; look < 3; ++look) EXPECT_EQ(value(Use::kOutboundAttempt), before);
    };
    test::write_in_place(path(), wanted, while_empty, while_half);
    EXPECT_TRUE(comes(wanted));
    ends = true;
    other.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST_F(Rotation, RM07_AfterATruncationThatLastsTooLongFailsClosed) {  // R-31
  options_.grace = 100ms;
  test::replace_by_rename(path(), "V1");
  serve(path());
  ASSERT_EQ(value(), "V1");
  test::write_in_place(path(), "V2", [&] {
    EXPECT_EQ(value(), "V1");
    EXPECT_TRUE(comes("(empty)"));
    EXPECT_EQ(value(Use::kOutboundRunning), "V1");
  });
  EXPECT_TRUE(comes("V2"));
}

TEST_F(Rotation, RM09_ByRemovalAndCreation) {
  test::replace_by_rename(path(), "V0");
  serve(path());
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    std::filesystem::remove(path());
    EXPECT_EQ(value(), "V" + std::to_string(i - 1));
    EXPECT_EQ(reason(), "missing");
    test::replace_by_rename(path(), "V" + std::to_string(i));
    EXPECT_EQ(value(), "V" + std::to_string(i));
    EXPECT_EQ(cache_->report(name_).state, State::kOk);
  }
}

TEST_F(Rotation, RM10_ByUnlinkAndSymlinkThroughTheHole) {
  for (int i = 0; i <= 3; ++i) test::replace_by_rename(dir_.file("v" + std::to_string(i)), "V" + std::to_string(i));
  test::relink(path(), "v0", [] {});
  serve(path());
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    test::relink(path(), "v" + std::to_string(i), [&] { EXPECT_EQ(value(), "V" + std::to_string(i - 1)); });
    EXPECT_EQ(value(), "V" + std::to_string(i));
  }
  test::relink(path(), "v0", [] {});  // and back to a target that is older in every way
  EXPECT_EQ(value(), "V0");
}

TEST_F(Rotation, RM12_RM24_IsNotSeenInChangesOfMetadata) {
  test::replace_by_rename(path(), "V1");
  serve(path());
  ASSERT_EQ(value(), "V1");
  ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
  EXPECT_EQ(value(), "V1");
  ASSERT_EQ(::utimensat(AT_FDCWD, path().c_str(), nullptr, 0), 0);
  EXPECT_EQ(value(), "V1");
  const timespec tomorrow[2] = {{4'000'000'000, 0}, {4'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path().c_str(), tomorrow, 0), 0);
  EXPECT_EQ(value(), "V1");
  for (const auto* same : {"V1\n", "V1\r\n", "V1"}) {
    test::replace_by_rename(path(), same);
    EXPECT_EQ(value(), "V1");
  }
  EXPECT_EQ(generation(), 1U);
}

TEST_F(Rotation, RM21_RM22_IsToldToAWatcherOncePerValue) {  // R-14
  test::replace_by_rename(path(), "V0");
  serve(path());
  std::mutex mutex;
  std::vector<std::uint64_t> told;
  const auto watch = cache_->watch(name_, ContentKind::kSingleLine, [&](std::uint64_t generation) {
    std::lock_guard lock(mutex);
    told.push_back(generation);
  });
  const auto knows = [&](std::uint64_t wanted) {
    return test::eventually([&] {
      std::lock_guard lock(mutex);
      return !told.empty() && told.back() == wanted;
    });
  };
  ASSERT_TRUE(knows(1));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    test::replace_by_rename(path(), "V" + std::to_string(i));
    EXPECT_TRUE(knows(i + 1));
  }
  test::replace_by_rename(path(), "other");  // there and back again, faster than quiet
  test::replace_by_rename(path(), "V3");
  test::replace_by_rename(path(), "V4");
  EXPECT_TRUE(knows(5));
  std::lock_guard lock(mutex);
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST_F(Rotation, RM23_FA15_BringsUpASecretThatWasAbsentOrEmptyAtStart) {
  serve(path());
  EXPECT_EQ(value(), "(missing)");
  test::replace_by_rename(path(), "");
  EXPECT_EQ(value(), "(empty)");
  test::replace_by_rename(path(), "V1");
  EXPECT_EQ(value(), "V1");
}

TEST_F(Rotation, RM02_UnderManyReadersRefusesNothingItMustNot) {
  AtomicVolume volume(dir_.path() / "v");
  volume.write({{"key", "V0"}});
  serve(volume.file("key"));
  ASSERT_EQ(value(), "V0");
  std::atomic<int> published{0};
  std::atomic<bool> ends{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      while (!ends) {
        const int before = published;
        const auto seen = value();
        const int after = published;
        // Not older than what was current when the question came, but for one version that is still settling.
        const int version = seen.starts_with('V') ? std::stoi(seen.substr(1)) : -1;
        if (version < before - 1 || version > after + 1) ++wrong;
      }
    });
  }
  for (int i = 1; i <= 50; ++i) {
    volume.write({{"key", "V" + std::to_string(i)}});
    published = i;
    EXPECT_TRUE(comes("V" + std::to_string(i)));
  }
  ends = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Rotation, RM16_OfASingleFileBindMountIsReportedAsImpossible) {  // R-18
  // What a bind mount of one file shows after its host replaced the file: an open file that no directory names any
  // more.
  test::replace_by_rename(dir_.file("host"), "V1");
  const int descriptor = ::open(dir_.file("host").c_str(), O_RDONLY);
  ASSERT_GE(descriptor, 0);
  std::filesystem::remove(dir_.file("host"));
  options_.allow_world_writable = true;  // the directory of a deleted file cannot be looked at
  serve("/proc/self/fd/" + std::to_string(descriptor));
  EXPECT_EQ(value(), "V1");
  EXPECT_EQ(cache_->report(name_).state, State::kOk);
  EXPECT_EQ(reason(), "pinned-deleted");
  ::close(descriptor);
}

TEST_F(Rotation, OfAStringWithinJsonIgnoresWhatStandsAroundIt) {  // R-29
  const auto json = [](int request, const std::string& password) {
    return R"({"request_id":")" + std::to_string(request) + R"(","data":{"password":")" + password + R"("}})";
  };
  test::replace_by_rename(path(), json(0, "V0"));
  serve(path(), R"("json_pointer":"/data/password",)");
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    test::replace_by_rename(path(), json(i, "V0"));
    EXPECT_EQ(value(), "V0");
  }
  EXPECT_EQ(generation(), 1U);
  test::replace_by_rename(path(), json(4, "V1"));
  EXPECT_EQ(value(), "V1");
  test::replace_by_rename(path(), R"({"data":{"passwort":"V2"}})");
  EXPECT_EQ(value(), "V1");
  EXPECT_EQ(reason(), "bad-json");
}

TEST_F(Rotation, StaysWithinTheAllowedRootsWhereverLinksLead) {  // R-45
  std::filesystem::create_directory(dir_.path() / "root");
  test::replace_by_rename(dir_.file("outside"), "V1");
  rules_.allowed_roots = {(dir_.path() / "root").string()};
  AtomicVolume volume(dir_.path() / "root/v");
  volume.write({{"key", "V0"}});
  serve(volume.file("key"));
  EXPECT_EQ(value(), "V0");
  const auto link = dir_.file("root/link");
  std::filesystem::create_symlink("../outside", link);
  serve(link);
  EXPECT_EQ(value(), "(outside-roots)");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(dir_.file("outside"), link);
  EXPECT_EQ(value(), "(outside-roots)");
  std::filesystem::remove(link);
  std::filesystem::create_symlink("v/key", link);
  EXPECT_EQ(value(), "V0");
}

TEST_F(Rotation, OfOneFileUnderTwoNamesIsWarnedAbout) {  // R-47
  std::string log;
  observability::log::capture([&](std::string_view line) { log += line; });
  test::replace_by_rename(dir_.file("real"), "V1");
  std::filesystem::create_symlink("real", dir_.file("link"));
  cache_.emplace(*VaultConfig::parse(R"({"secret":{"c1":{"path":")" + dir_.file("real") +
                                     R"(","scope":["Client/a"]},"c2":{"path":")" + dir_.file("link") +
                                     R"(","scope":["Client/b"]}}})"),
                 options_, core::system_clock(), metrics_);
  EXPECT_EQ(value(), "V1");
  EXPECT_EQ(log.find("secret/shared-file"), std::string::npos);
  EXPECT_TRUE(
      cache_->resolve(*make_secret_name("c2"), {"Client", "b", "secret"}, ContentKind::kSingleLine, Use::kInbound));
  cache_.reset();
  observability::log::capture(nullptr);
  EXPECT_NE(log.find("secret/shared-file"), std::string::npos);
}

TEST_F(Rotation, RM17_OfADirectoryThatIsMountedElsewhereIsSeen) {
  // A directory reached over a link stands for one that is bind-mounted: names are looked up in it afresh each time.
  std::filesystem::create_directory(dir_.path() / "host");
  std::filesystem::create_directory_symlink("host", dir_.path() / "container");
  test::replace_by_rename(dir_.file("host/secret"), "V0");
  serve(dir_.file("container/secret"));
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    test::replace_by_rename(dir_.file("host/secret"), "V" + std::to_string(i));
    EXPECT_EQ(value(), "V" + std::to_string(i));
  }
}

TEST_F(Rotation, RM20_IsFoundByTheFirstGoodLoginAndBadOnesDriveNoReads) {
  test::replace_by_rename(path(), "V1");
  serve(path());
  ASSERT_EQ(value(), "V1");
  test::replace_by_rename(path(), "V2");
  const auto refreshed = cache_->refresh(name_, {"Client", "a", "secret"}, ContentKind::kSingleLine, Use::kInbound, 1);
  ASSERT_TRUE(refreshed);
  EXPECT_EQ(refreshed->generation, 2U);
  const auto reads = [&] { return metrics_.counter("secret_resolutions_total", "", {{"outcome", "reload"}})->value(); };
  ASSERT_TRUE(test::eventually([&] {  // the identity is old enough to be trusted
    const double before = reads();
    return value() == "V2" && reads() == before;
  }));
  const double before = reads();
  const auto began = steady_clock::now();
  for (int i = 0; i < 1'000; ++i)
    (void)cache_->refresh(name_, {"Client", "a", "secret"}, ContentKind::kSingleLine, Use::kInbound, 2);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(steady_clock::now() - began).count();
  EXPECT_LE(reads() - before, static_cast<double>(seconds) + 1);
}

TEST_F(Rotation, FA06_ExhaustedDescriptorsAreAFaultAndNoDeletion) {
  test::replace_by_rename(path(), "V1");
  serve(path());
  ASSERT_EQ(value(), "V1");
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit low = old;
  low.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  std::vector<int> taken;
  for (int one = ::open("/dev/null", O_RDONLY); one >= 0; one = ::open("/dev/null", O_RDONLY)) taken.push_back(one);
  EXPECT_EQ(errno, EMFILE);
  std::string during;
  const bool noticed = test::eventually([&] {
    during = value();
    return during != "V1" || reason() == "io-error";
  });
  const auto why = reason();
  for (const int one : taken) ::close(one);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_FALSE(taken.empty());
  EXPECT_TRUE(noticed);
  EXPECT_EQ(during, "V1");
  EXPECT_EQ(why, "io-error");
  EXPECT_EQ(value(), "V1");
  EXPECT_EQ(cache_->report(name_).state, State::kOk);
}

class BadFile : public Rotation {
 protected:
  void expect(const std::string& wanted) {
    serve(path());
    const auto began = steady_clock::now();
    EXPECT_EQ(value(), "(" + wanted + ")");
    EXPECT_LT(steady_clock::now() - began, 2s);
    std::filesystem::remove_all(path());
    test::replace_by_rename(path(), "good");
    EXPECT_EQ(value(), "good");
  }
};

TEST_F(BadFile, BI11_DirectoryIsRefused) {
  std::filesystem::create_directory(path());
  expect("not-regular");
}
TEST_F(BadFile, BI11_FifoIsRefusedAndDoesNotHoldTheReader) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  expect("not-regular");
}
TEST_F(BadFile, BI11_SocketIsRefused) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  expect("not-regular");
  ::close(descriptor);
}
TEST_F(BadFile, BI11_DeviceIsRefused) {
  std::filesystem::create_symlink("/dev/zero", path());
  expect("not-regular");
}
TEST_F(BadFile, ProcessFileIsRefused) {
  std::filesystem::create_symlink("/proc/self/environ", path());
  expect("not-regular");
}
TEST_F(BadFile, BI11_SparseGiantIsRefusedWithoutReadingIt) {
  test::replace_by_rename(path(), "x");
  std::filesystem::resize_file(path(), 10ULL << 30U);
  expect("too-large");
}
TEST_F(BadFile, BI11_DanglingLinkIsMissing) {
  std::filesystem::create_symlink("nowhere", path());
  expect("missing");
}
TEST_F(BadFile, BI11_LinkLoopIsAFault) {
  std::filesystem::create_symlink("secret", path());
  expect("io-error");
}
TEST_F(BadFile, AL17_WorldWritableFileIsRefused) {
  test::replace_by_rename(path(), "V1");
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);
  expect("world-writable");
}
TEST_F(BadFile, AL17_FileInAWorldWritableDirectoryIsRefusedUnlessItIsSticky) {
  std::filesystem::create_directory(dir_.path() / "open");
  test::replace_by_rename(dir_.file("open/real"), "V1");
  std::filesystem::create_symlink("open/real", path());  // what counts is the directory of the resolved file
  ASSERT_EQ(::chmod(dir_.file("open").c_str(), 0777), 0);
  serve(path());
  EXPECT_EQ(value(), "(world-writable)");
  ASSERT_EQ(::chmod(dir_.file("open").c_str(), 01777), 0);
  EXPECT_EQ(value(), "V1");
}

}  // namespace
}  // namespace embergate::vault
