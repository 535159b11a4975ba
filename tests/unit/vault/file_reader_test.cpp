// SPDX-License-Identifier: Apache-2.0
#include "vault/file_reader.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "unit/vault/scripted_files.hpp"

namespace embergate::vault {
namespace {

class FileReader : public ::testing::Test {
 protected:
  FileReader() { files_.put("value"); }

  // "=content", "same" or "!reason".
  std::string look(std::optional<Identity> known = {}) {
    pauses_.clear();
    seen_ = look_at(files_, Look{"/f", 100, known, allow_world_writable_},
                    [&](core::Milliseconds time) { pauses_.push_back(static_cast<int>(time.count())); });
    switch (seen_.kind) {
      case Observation::Kind::kUnchanged:
        return "same";
      case Observation::Kind::kContent:
        return "=" + seen_.bytes;
      case Observation::Kind::kRefused:
        break;
    }
    return "!" + std::string(seen_.reason);
  }

  test::ScriptedFiles files_;
  Observation seen_;
  std::vector<int> pauses_;
  bool allow_world_writable_ = false;
};

TEST_F(FileReader, ReadsOnlyWhenTheIdentityIsAnother) {
  EXPECT_EQ(look(), "=value");
  const auto known = seen_.identity;
  EXPECT_EQ(look(known), "same");
  EXPECT_EQ(files_.reads(), 2);  // content and end of the first look
}

TEST_F(FileReader, ComparesEveryPartOfTheIdentity) {
  using File = test::ScriptedFiles::File;
  const std::vector<void (*)(File&)> changes{[](File& f) { ++f.inode; }, [](File& f) { --f.mtime_s; },
                                             [](File& f) { --f.ctime_s; }, [](File& f) { f.bytes += "+"; }};
  for (const auto change : changes) {
    look();
    const auto known = seen_.identity;
    files_.edit(change);
    EXPECT_NE(look(known), "same");
  }
}

TEST_F(FileReader, GivesTheIdentityOfBeforeTheRead) {
  look();
  EXPECT_EQ(seen_.identity.size, 5);
  EXPECT_EQ(seen_.identity.inode, 2U);
  EXPECT_EQ(seen_.identity.device, 7U);
  EXPECT_EQ(seen_.identity.mtime_ns, 1'700'000'000'000'000'000);
}

TEST_F(FileReader, PutsShortReadsAndInterruptsTogether) {
  files_.read_at_most(1);
  EXPECT_EQ(look(), "=value");
  files_.read_at_most(100);
  files_.fail_opens({EINTR, EINTR});
  files_.fail_reads({EINTR, 0, EINTR});
  EXPECT_EQ(look(), "=value");
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(FileReader, TriesAgainWhenTheFileIsGoneForAMoment) {
  for (const int passing : {ENOENT, ENOTDIR, ESTALE, EACCES}) {
    files_.fail_opens({passing, passing});
    EXPECT_EQ(look(), "=value");
    EXPECT_EQ(pauses_, (std::vector<int>{1, 4}));
  }
  files_.fail_reads({ESTALE});
  EXPECT_EQ(look(), "=value");
}

TEST_F(FileReader, GivesUpAfterTheScheduleAndSaysWhy) {
  files_.fail_always(ENOENT);
  EXPECT_EQ(look(), "!missing");
  EXPECT_EQ(pauses_, (std::vector<int>{1, 4, 16}));
  files_.fail_always(EACCES);
  EXPECT_EQ(look(), "!unreadable");
}

TEST_F(FileReader, DoesNotTakeAFaultOfTheMachineForAMissingFile) {
  for (const int fault : {EMFILE, ENFILE, ENOMEM, EIO, ELOOP}) {
    files_.fail_always(fault);
    EXPECT_EQ(look(), "!io-error");
    EXPECT_TRUE(pauses_.empty());
  }
  files_.fail_always(0);
  files_.fail_reads({0, EIO});
  EXPECT_EQ(look(), "!io-error");
  EXPECT_EQ(look(), "=value");
}

TEST_F(FileReader, NeverTrustsTheClaimedSize) {
  files_.edit([](auto& file) { file.claimed_size = 0; });
  EXPECT_EQ(look(), "=value");
  files_.edit([](auto& file) { file.claimed_size = 1'000'000; });
  EXPECT_EQ(look(), "=value");
}

TEST_F(FileReader, RefusesWhatIsLargerThanTheLimitAndReadsNoFurther) {
  files_.put(std::string(100, 'x'));
  EXPECT_EQ(look(), "=" + std::string(100, 'x'));
  files_.put(std::string(1'000'000, 'x'));
  const int before = files_.reads();
  EXPECT_EQ(look(), "!too-large");
  EXPECT_LE(files_.reads() - before, 2);
  EXPECT_TRUE(seen_.bytes.empty());
}

TEST_F(FileReader, RefusesAFileThatChangesWhileItIsRead) {
  files_.change_while_reading(true);
  EXPECT_EQ(look(), "!changing");
  files_.change_while_reading(false);
  EXPECT_EQ(look(), "=value");
}

TEST_F(FileReader, ReadsRegularFilesOnly) {
  for (const mode_t type : {S_IFDIR, S_IFIFO, S_IFSOCK, S_IFCHR}) {
    files_.edit([&](auto& file) { file.mode = type | 0400; });
    EXPECT_EQ(look(), "!not-regular");
  }
  files_.edit([](auto& file) { file.mode = S_IFREG | 0400; });
  for (const long type : {0x9fa0L, 0x62656572L}) {
    files_.set_type(type);
    EXPECT_EQ(look(), "!not-regular");
  }
  files_.set_type(0x6969);
  EXPECT_EQ(look(), "=value");
  EXPECT_TRUE(seen_.remote);
  files_.set_type(0xef53);
  look();
  EXPECT_FALSE(seen_.remote);
}

TEST_F(FileReader, AL17_RefusesWhatEverybodyMayWrite) {
  files_.edit([](auto& file) { file.mode = S_IFREG | 0646; });
  EXPECT_EQ(look(), "!world-writable");
  files_.edit([](auto& file) { file.mode = S_IFREG | 0644; });
  EXPECT_EQ(look(), "=value");
  EXPECT_TRUE(seen_.readable_by_others);
  files_.set_parent_mode(S_IFDIR | 0777);
  EXPECT_EQ(look(), "!world-writable");
  files_.set_parent_mode(S_IFDIR | 01777);
  EXPECT_EQ(look(), "=value");
  files_.set_parent_mode(S_IFDIR | 0777);
  allow_world_writable_ = true;
  EXPECT_EQ(look(), "=value");
}

TEST_F(FileReader, NoticesAFileThatWasDeletedUnderItsMount) {
  files_.edit([](auto& file) { file.links = 0; });
  EXPECT_EQ(look(), "=value");
  EXPECT_TRUE(seen_.pinned_deleted);
}

}  // namespace
}  // namespace embergate::vault
