// SPDX-License-Identifier: Apache-2.0
#include "vault/mount_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace embergate::vault {
namespace {

constexpr auto* kTable =
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "30 21 0:30 / /mnt/share rw - nfs4 server:/export rw\n"
    "31 21 0:30 /sub /mnt/again rw - nfs4 server:/export rw\n"
    "32 21 0:31 / /mnt/with\\040blank rw master:2 propagate_from:1 - fuse.sshfs me@there rw\n"
    "33 21 0:32 / /run/secrets rw - tmpfs tmpfs rw\n"
    "34 33 0:33 / /run/secrets/deep rw - autofs systemd-1 rw\n"
    "35 21 0:34 / /mnt/twice rw - nfs a:/ rw\n"
    "36 21 0:35 / /mnt/twice rw - tmpfs tmpfs rw\n"
    "not a line\n";

class MountTableTest : public ::testing::Test {
 protected:
  std::string lane(const std::string& path) {
    return table_.lane_of(path, [this](const std::string& at) {
      asked_.push_back(at);
      const auto found = links_.find(at);
      return found == links_.end() ? std::string() : found->second;
    });
  }
  MountTable table_{kTable};
  std::map<std::string, std::string> links_;
  std::vector<std::string> asked_;
};

TEST_F(MountTableTest, TellsByTheLongestMountPoint) {
  EXPECT_EQ(lane("/mnt/share/a/b"), "0:30");
  EXPECT_EQ(lane("/mnt/shared/a"), "8:1 /mnt/shared");
  EXPECT_EQ(lane("/mnt/with blank/a"), "0:31");
  EXPECT_EQ(lane("/run/secrets/deep/a"), "0:33");
  EXPECT_EQ(lane("/mnt/twice/a"), "0:35 /mnt/twice");  // the later mount covers the earlier
}

TEST_F(MountTableTest, TakesBindMountsOfOneFileSystemForOne) { EXPECT_EQ(lane("/mnt/again/a"), lane("/mnt/share/a")); }

TEST_F(MountTableTest, KeepsDirectoriesOfALocalFileSystemApart) {
  EXPECT_EQ(lane("/run/secrets/a/x"), lane("/run/secrets/a/y"));
  EXPECT_NE(lane("/run/secrets/a/x"), lane("/run/secrets/b/x"));
}

TEST_F(MountTableTest, FollowsLinksButNeverAsksBeyondALocalFileSystem) {
  links_ = {{"/srv/link", "/mnt/share"},
            {"/srv/relative", "../mnt/./share/x"},
            {"/run/secrets/key", "..data/key"},
            {"/run/secrets/..data", "..2026"},
            {"/loop", "/loop"}};
  EXPECT_EQ(lane("/srv/link/a"), "0:30");
  EXPECT_EQ(lane("/srv/relative/a"), "0:30");
  EXPECT_EQ(lane("/run/secrets/key"), "0:32 /run/secrets");
  EXPECT_EQ(lane("/loop/a"), "8:1 /loop");
  for (const auto& path : asked_) EXPECT_FALSE(path.starts_with("/mnt/share")) << path;
}

TEST_F(MountTableTest, WithoutATableTellsByDirectory) {
  table_ = MountTable("");
  EXPECT_EQ(lane("/a/x"), lane("/a/y"));
  EXPECT_NE(lane("/a/x"), lane("/b/x"));
}

}  // namespace
}  // namespace embergate::vault
