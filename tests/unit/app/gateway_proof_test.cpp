// SPDX-License-Identifier: Apache-2.0
// Which users are believed to run the gateway: whose file the database is, where no other user can have put it there.
#include "app/gateway_proof.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/temp_dir.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

constexpr uid_t kService = 4711;
constexpr uid_t kOther = 4712;

class OwnerOfTheDatabase : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of other users";
  }

  void make_directory(const std::string& name, uid_t owner, mode_t mode) const {
    const std::string path = directory.file(name);
    std::filesystem::create_directories(path);
    ASSERT_EQ(::chown(path.c_str(), owner, 0), 0);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  void make_file(const std::string& name, uid_t owner) const {
    ASSERT_EQ(::chown(directory.write(name, "").c_str(), owner, 0), 0);
  }
  void make_link(const std::string& name, const std::string& target, uid_t owner) const {
    std::filesystem::create_symlink(target, directory.file(name));
    ASSERT_EQ(::lchown(directory.file(name).c_str(), owner, 0), 0);
  }
  [[nodiscard]] static bool believed(const std::string& path, uid_t user) {
    test::Variables variables({"BOX_DB_PATH=" + path});
    return may_run_the_gateway(proof_of(read_all_settings(variables.get())), user);
  }
  [[nodiscard]] bool is_believed(const std::string& name, uid_t user) const {
    return believed(directory.file(name), user);
  }

  test::TempDir directory;  // of root, below a directory that all may write and that has the sticky bit
};

TEST_F(OwnerOfTheDatabase, IsBelievedInADirectoryThatRootGaveToThem) {
  make_directory("lib", 0, 0755);
  make_directory("lib/embergate", kService, 0750);
  make_file("lib/embergate/gateway.db", kService);
  EXPECT_TRUE(is_believed("lib/embergate/gateway.db", kService));
  EXPECT_TRUE(is_believed("lib/../lib//./embergate/gateway.db", kService));
  EXPECT_FALSE(is_believed("lib/embergate/gateway.db", kOther));
  make_directory("lib/embergate", kService, 01750);
  EXPECT_TRUE(is_believed("lib/embergate/gateway.db", kService)) << "no others may write there";
}

// A user makes the directory and the file that settings name, and listens at the port of a gateway that is down.
TEST_F(OwnerOfTheDatabase, IsNotBelievedInADirectoryOfTheirOwnThatTheyMadeWhereAllMayWrite) {
  make_directory("tmp", 0, 01777);
  make_directory("tmp/x", kOther, 0755);
  make_file("tmp/x/gateway.db", kOther);
  EXPECT_FALSE(is_believed("tmp/x/gateway.db", kOther));
  make_directory("tmp/x/y", kOther, 0755);
  make_file("tmp/x/y/gateway.db", kOther);
  EXPECT_FALSE(is_believed("tmp/x/y/gateway.db", kOther));
  make_file("tmp/gateway.db", kOther);
  EXPECT_FALSE(is_believed("tmp/gateway.db", kOther));
  make_directory("tmp/x", 0, 0755);
  EXPECT_TRUE(is_believed("tmp/x/y/gateway.db", kOther)) << "what root made there stays";
}

TEST_F(OwnerOfTheDatabase, IsNotBelievedWhereTheGroupOrAllMayWriteAnywhereOnTheWay) {
  make_directory("a", 0, 0755);
  make_directory("a/b", 0, 0755);
  make_directory("a/b/c", kService, 0755);
  make_file("a/b/c/gateway.db", kService);
  for (const std::string name : {"a", "a/b", "a/b/c"}) {
    for (const mode_t mode : {0775U, 0757U, 02770U}) {
      make_directory(name, name == "a/b/c" ? kService : 0, mode);
      EXPECT_FALSE(is_believed("a/b/c/gateway.db", kService)) << name << " with " << std::oct << mode;
    }
    make_directory(name, name == "a/b/c" ? kService : 0, 0755);
  }
  EXPECT_TRUE(is_believed("a/b/c/gateway.db", kService));
  make_directory("a/b/c", kService, 01775);
  EXPECT_FALSE(is_believed("a/b/c/gateway.db", kService)) << "another of the group may have made it, and gone";
}

TEST_F(OwnerOfTheDatabase, IsNotBelievedBelowADirectoryOfAThirdUser) {
  make_directory("home", kOther, 0755);
  make_directory("home/data", kService, 0755);
  make_file("home/data/gateway.db", kService);
  EXPECT_FALSE(is_believed("home/data/gateway.db", kService));
  make_directory("home", kService, 0755);
  make_directory("home/data", kOther, 0755);
  EXPECT_FALSE(is_believed("home/data/gateway.db", kService));
}

TEST_F(OwnerOfTheDatabase, IsJudgedByTheDirectoriesThatLinksLeadThrough) {
  make_directory("tmp", 0, 01777);
  make_directory("lib", kService, 0755);
  make_file("lib/gateway.db", kService);
  make_directory("home", kOther, 0755);
  make_file("home/gateway.db", kOther);
  make_link("tmp/x", "../home", kOther);
  EXPECT_FALSE(is_believed("tmp/x/gateway.db", kOther)) << "the link is theirs, where all may write";
  make_link("tmp/direct.db", directory.file("home/gateway.db"), kOther);
  EXPECT_FALSE(is_believed("tmp/direct.db", kOther));
  make_link("outward", "tmp/x", 0);
  EXPECT_FALSE(is_believed("outward/gateway.db", kOther));
  make_link("data", directory.file("lib"), 0);
  make_link("tmp/data", "../data/", 0);
  EXPECT_TRUE(is_believed("data/gateway.db", kService));
  EXPECT_TRUE(is_believed("tmp/data/gateway.db", kService)) << "the links are root's";
  make_link("loop", "loop", 0);
  EXPECT_FALSE(is_believed("loop/gateway.db", kService));
}

TEST_F(OwnerOfTheDatabase, IsThatOfAFileThatIsNamedByItsWholePath) {
  make_directory("lib", kService, 0755);
  make_directory("lib/gateway.db", kService, 0755);
  EXPECT_FALSE(is_believed("lib/gateway.db", kService)) << "a directory";
  EXPECT_FALSE(is_believed("lib/absent.db", kService));
  make_file("lib/there.db", kService);
  EXPECT_TRUE(is_believed("lib/there.db", kService));
  EXPECT_FALSE(is_believed("lib/there.db/more", kService));
  EXPECT_FALSE(believed(std::filesystem::relative(directory.file("lib/there.db")).string(), kService));
}

}  // namespace
}  // namespace embergate::app
