// SPDX-License-Identifier: Apache-2.0
// Taking a secret away revokes it, after the grace time and for good: the cases secret-08 and secret-25,
// in which nobody logs in between, and their kind.
#include <filesystem>
#include <fstream>

#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class Revocation : public GatewayTest {
 protected:
  void SetUp() override {
    world.gateway().set("BOX_VAULT_GRACE_MS", "1500");
    std::filesystem::create_directory(folder());
    world.add_delivered_secret("feed-secret", file(), "Client", "feed");
    world.watch_for("feed", v1);
    write(v1);
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.root().put("/fhir/Client/feed", samples::client_with_reference("feed", "feed-secret")).status(),
              201);
    ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-feed", samples::allow_policy("feed")).status(), 201);
    ASSERT_EQ(login(), 404);
  }
  [[nodiscard]] std::filesystem::path folder() const { return world.directory().path() / "delivered"; }
  [[nodiscard]] std::string file() const { return (folder() / "feed").string(); }
  void write(const std::string& content) const {
    std::filesystem::create_directories(folder());
    {
      std::ofstream out(folder() / "new");
      out << content;
    }
    std::filesystem::rename(folder() / "new", file());
  }
  int login() { return world.client("feed", v1).get("/fhir/Patient/none").status(); }
  std::string state() {
    const json status = world.root().get("/fhir/$vault-status").json;
    for (const json& parameter : status.value("parameter", json::array())) {
      std::map<std::string, std::string> parts;
      for (const json& part : parameter["part"]) {
        if (part.contains("valueString")) parts[part["name"]] = part["valueString"];
      }
      if (parts["name"] == "feed-secret") return parts["state"];
    }
    return {};
  }
  // Without a login of the client, which would look at the file by itself.
  bool becomes(const std::string& wanted) {
    return eventually([&] { return state() == wanted; }, 10s);
  }

  const std::string v1 = world.password("feed-v1");
};

TEST_F(Revocation, Secret08_IsCompleteWhenNobodyLoggedInMeanwhileAndEndsWhenTheFileIsBack) {
  std::filesystem::remove(file());
  ASSERT_TRUE(becomes("missing")) << state();
  EXPECT_EQ(login(), 401);
  EXPECT_EQ(login(), 401);
  write(v1);
  EXPECT_TRUE(eventually([&] { return login() == 404; }, 5s));
}

TEST_F(Revocation, Secret25_IsCompleteWhenTheWholeDirectoryIsGone) {
  std::filesystem::remove_all(folder());
  ASSERT_TRUE(becomes("missing")) << state();
  EXPECT_EQ(login(), 401);
}

TEST_F(Revocation, OfAFileThatWasEmptiedIsComplete) {
  write("");
  ASSERT_TRUE(becomes("invalid")) << state();
  EXPECT_EQ(login(), 401);
}

TEST_F(Revocation, LeavesTheOldValueAtWorkForTheGraceTimeFromTheLastGoodLookOnly) {
  const auto taken_away = std::chrono::steady_clock::now();
  std::filesystem::remove(file());
  EXPECT_EQ(login(), 404);
  ASSERT_TRUE(eventually([&] { return login() == 401; }, 10s));
  EXPECT_LT(std::chrono::steady_clock::now() - taken_away, 1'500ms + 1s);
}

}  // namespace
}  // namespace embergate::test
