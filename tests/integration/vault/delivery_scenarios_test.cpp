// SPDX-License-Identifier: Apache-2.0
// Scenarios of the catalogue that only the way of delivery decides.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <future>

#include "integration/vault/delivery_fixture.hpp"
#include "support/atomic_volume.hpp"
#include "support/delivery/injected_files.hpp"
#include "support/delivery/mounts.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using test::AtomicVolume;
using test::delivery::Call;
using test::delivery::InjectedFiles;

class DeliveryScenario : public DeliveryFixture {
 protected:
  void deliver_by(std::string_view name) {
    const test::delivery::Kind& kind = test::delivery::kind(name);
    ASSERT_EQ(test::delivery::obstacle(kind), "");
    method_ = kind.make(dir_.path() / "delivered");
    publish("V0");
    serve(method_->path("key"));
    ASSERT_EQ(value(), "V0");
  }
  void publish(const std::string& text) { method_->write({{"key", text}}); }

  std::unique_ptr<test::delivery::Method> method_;
};

TEST_F(DeliveryScenario, RM01_ASwapIsEffectiveOnTheVeryNextRequest) {
  for (const char* name :
       {"kubelet", "csi-driver", "csi-remount", "aws-provider", "vault-agent", "compose-directory"}) {
    method_.reset();
    std::filesystem::remove_all(dir_.path() / "delivered");
    ASSERT_NO_FATAL_FAILURE(deliver_by(name));
    auto fastest = std::chrono::steady_clock::duration::max();
    for (int i = 1; i <= 3; ++i) {
      publish("V" + std::to_string(i));
      const auto began = std::chrono::steady_clock::now();
      EXPECT_EQ(value(), "V" + std::to_string(i)) << name;
      const auto took = std::chrono::steady_clock::now() - began;
      EXPECT_LT(took, 2s) << name;
      fastest = std::min(fastest, took);
    }
    EXPECT_LT(fastest, 500ms) << name << ": the quiet time of a share would be in each, a pause of the machine is not";
  }
}

TEST_F(DeliveryScenario, RM04_AnOlderModificationTimeIsStillAChange) {
  options_.racy_age = 0ms;  // the identity alone must show it
  ASSERT_NO_FATAL_FAILURE(deliver_by("backup"));
  for (int i = 1; i <= 3; ++i) {
    publish("V" + std::to_string(i));
    EXPECT_EQ(value(), "V" + std::to_string(i));
  }
}

TEST_F(DeliveryScenario, RM06_AChangeOfTheSameSizeInTheSameSecondIsSeenOnADiskWithoutFractions) {
  ASSERT_NO_FATAL_FAILURE(deliver_by("one-second-disk"));
  struct stat before{};
  ASSERT_EQ(::stat(method_->path("key").c_str(), &before), 0);
  int equal = 0;
  for (int i = 1; i <= 5; ++i) {
    publish("V" + std::to_string(i));
    EXPECT_EQ(value(), "V" + std::to_string(i));
    struct stat after{};
    ASSERT_EQ(::stat(method_->path("key").c_str(), &after), 0);
    EXPECT_EQ(after.st_ctim.tv_nsec, 0);
    equal += after.st_ino == before.st_ino && after.st_size == before.st_size &&
                     after.st_ctim.tv_sec == before.st_ctim.tv_sec && after.st_mtim.tv_sec == before.st_mtim.tv_sec
                 ? 1
                 : 0;
    before = after;
  }
  EXPECT_GE(equal, 1) << "no rotation fell within one second, so this proved nothing";
}

TEST_F(DeliveryScenario, RM06_AFileWhoseMetadataNeverChangesIsReadAgainWithinItsAge) {
  options_.ttl = 200ms;
  options_.racy_age = 0ms;
  auto files = std::make_shared<InjectedFiles>(machine_file_system());
  files->freeze();
  dir_.write("secret", "V0");
  serve(dir_.file("secret"), files);
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    test::overwrite_same_size(dir_.file("secret"), "V" + std::to_string(i));
    EXPECT_TRUE(test::eventually([&] { return value() == "V" + std::to_string(i); }, 2s));
  }
}

TEST_F(DeliveryScenario, RM09_RemovalAndCreationWithTheSameInodeNumberIsAChange) {
  ASSERT_NO_FATAL_FAILURE(deliver_by("remove-create"));
  for (int i = 1; i <= 3; ++i) {
    publish("V" + std::to_string(i));
    EXPECT_EQ(value(), "V" + std::to_string(i));
  }
}

TEST_F(DeliveryScenario, RM10_TheHoleBetweenUnlinkAndSymlinkRefusesNobody) {
  ASSERT_NO_FATAL_FAILURE(deliver_by("certbot"));
  for (int i = 1; i <= 3; ++i) {
    const std::string before = "V" + std::to_string(i - 1);
    method_->write({{"key", "V" + std::to_string(i)}}, [&](std::string_view step) {
      if (step == "unlinked") {
        EXPECT_EQ(value(), before);
      }
    });
    EXPECT_EQ(value(), "V" + std::to_string(i));
  }
}

TEST_F(DeliveryScenario, RM16_AMountOfOneFileKeepsItsValueAndIsReportedOnce) {
  for (const char* name : {"compose-file", "subpath"}) {
    method_.reset();
    std::filesystem::remove_all(dir_.path() / "delivered");
    ASSERT_NO_FATAL_FAILURE(deliver_by(name));
    EXPECT_EQ(report().reason, "");
    for (int i = 1; i <= 3; ++i) {
      publish("V" + std::to_string(i));
      EXPECT_EQ(value(), "V0");
      EXPECT_EQ(report().reason, "pinned-deleted") << name;
      EXPECT_EQ(report().state, State::kOk) << name;
      EXPECT_EQ(report().generation, 1U) << name;
    }
  }
}

TEST_F(DeliveryScenario, RM17_ARenameWithinAMountedDirectoryIsSeen) {
  ASSERT_NO_FATAL_FAILURE(deliver_by("compose-directory"));
  for (int i = 1; i <= 3; ++i) {
    publish("V" + std::to_string(i));
    EXPECT_EQ(value(), "V" + std::to_string(i));
    EXPECT_EQ(report().reason, "");
  }
}

TEST_F(DeliveryScenario, AKubeletThatDiesBetweenTwoStepsLeavesOneWholeValue) {
  using Step = AtomicVolume::Step;
  for (const bool links_before : {false, true}) {
    AtomicVolume volume(dir_.path() / (links_before ? "old" : "new"), links_before);
    volume.write({{"key", "V0"}});
    serve(volume.file("key"));
    ASSERT_EQ(value(), "V0");
    std::string current = "V0";
    int number = 0;
    for (const Step last :
         {Step::kPayloadWritten, Step::kLinksBefore, Step::kTmpLink, Step::kSwapped, Step::kLinksAfter}) {
      const std::string next = "V" + std::to_string(++number);
      volume.write_until({{"key", next}}, last);
      if (last >= Step::kSwapped) current = next;
      EXPECT_EQ(value(), current);
      const std::string mended = "V" + std::to_string(++number);
      volume.write({{"key", mended}});
      EXPECT_EQ(value(), mended);
      current = mended;
    }
  }
}

TEST_F(DeliveryScenario, AKeyThatAKubeletAddsOrTakesAwayComesAndGoesWithoutARestart) {
  AtomicVolume volume(dir_.path() / "volume", true);
  volume.write({{"other", "x"}});
  serve(volume.file("key"));
  EXPECT_EQ(value(), "(missing)");
  for (int i = 1; i <= 3; ++i) {
    // Links of new keys lead nowhere until the swap.
    volume.write({{"key", "V" + std::to_string(i)}, {"other", "x"}});
    EXPECT_EQ(value(), "V" + std::to_string(i));
    volume.write({{"other", std::to_string(i)}});
    EXPECT_EQ(value(), "V" + std::to_string(i)) << "the last good value lives on for its time of grace";
    EXPECT_EQ(report().reason, "missing");
  }
}

TEST_F(DeliveryScenario, FA07_AFileSystemThatFailsNowAndThenNeitherLosesNorInventsAValue) {
  auto files = std::make_shared<InjectedFiles>(machine_file_system());
  dir_.write("secret", "V0");
  serve(dir_.file("secret"), files);
  ASSERT_EQ(value(), "V0");
  const struct {
    Call call;
    std::deque<int> errors;
  } faults[] = {{Call::kRead, {EIO}},    {Call::kOpen, {ESTALE, ESTALE}}, {Call::kRead, {EINTR, EINTR, EINTR}},
                {Call::kOpen, {EMFILE}}, {Call::kOpen, {EACCES}},         {Call::kFstat, {ESTALE}}};
  int number = 0;
  for (const auto& fault : faults) {
    const std::string before = "V" + std::to_string(number);
    const std::string after = "V" + std::to_string(++number);
    test::replace_by_rename(dir_.file("secret"), after);
    files->fail_next(fault.call, fault.errors);
    EXPECT_THAT(value(), testing::AnyOf(before, after)) << "errno " << fault.errors.front();
    EXPECT_NE(report().reason, "missing");
    EXPECT_TRUE(comes(after)) << "errno " << fault.errors.front();
  }
}

TEST_F(DeliveryScenario, AStallThatOutlastsTheWaitForAQuietFileDoesNotAnswerWithTheOldValue) {
  options_.quiet = 200ms;
  options_.read_timeout = 20s;
  auto files = std::make_shared<InjectedFiles>(machine_file_system());
  dir_.write("secret", "V0");
  serve(dir_.file("secret"), files);
  ASSERT_EQ(value(), "V0");
  const auto reads = files->calls(Call::kRead);
  test::replace_by_rename(dir_.file("secret"), "V1");
  auto answer = std::async(std::launch::async, [this] { return value(); });
  ASSERT_TRUE(test::eventually([&] { return files->calls(Call::kRead) >= reads + 2; }, 10s, 1ms)) << "the new value";
  files->hang(Call::kOpen);
  ASSERT_TRUE(test::eventually([&] { return files->hanging() > 0; }, 10s, 1ms)) << "a look while it settles";
  const auto began = std::chrono::steady_clock::now();
  test::eventually([&] { return std::chrono::steady_clock::now() > began + 4 * options_.quiet; });
  files->release();
  EXPECT_EQ(answer.get(), "V1");
}

TEST_F(DeliveryScenario, FA08_AFileSystemThatHangsHoldsNobodyForLongAndHealsByItself) {
  options_.read_timeout = 100ms;
  auto files = std::make_shared<InjectedFiles>(machine_file_system());
  dir_.write("secret", "V0");
  serve(dir_.file("secret"), files);
  ASSERT_EQ(value(), "V0");
  for (int i = 1; i <= 3; ++i) {
    files->hang(Call::kRead);
    test::replace_by_rename(dir_.file("secret"), "V" + std::to_string(i));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(value(), "V" + std::to_string(i - 1));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_LE(files->hanging(), 2);
    files->release();
    EXPECT_TRUE(comes("V" + std::to_string(i)));
  }
}

}  // namespace
}  // namespace embergate::vault
