// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/atomic_volume.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

SecretName name(std::string_view text) { return *make_secret_name(text); }
Requester requester(std::string type, std::string id) { return {std::move(type), std::move(id), "secret"}; }

std::string refusal(std::string_view json) {
  const auto config = VaultConfig::parse(json);
  return config ? std::string("accepted") : config.error().diagnostics;
}
std::string refusal_of_scope(const std::string& scope) {
  return refusal(R"({"secret":{"a":{"path":"/run/a","scope":)" + scope + "}}}");
}
std::string refusal_of_path(const std::string& path) {
  return refusal(R"({"secret":{"a":{"path":")" + path + R"(","scope":"Client/a"}}})");
}

TEST(VaultConfig, ReadsEveryFormOfScope) {
  const auto config = VaultConfig::parse(R"({"secret":{
    "object":  {"path": "/run/1", "scope": {"resource_type": "Client", "id": "intake"}},
    "type":    {"path": "/run/2", "scope": {"resource_type": "TokenIntrospector"}},
    "strings": {"path": "/run/3", "scope": ["Client/intake", "TokenIntrospector"]},
    "objects": {"path": "/run/4", "scope": [{"resource_type": "Client", "id": "a"}, {"resource_type": "Client", "id": "b"}]},
    "mixed":   {"path": "/run/5", "scope": ["AidboxTopicDestination/events", {"resource_type": "Client"}]}}})");
  ASSERT_TRUE(config) << config.error().diagnostics;
  EXPECT_TRUE(config->enabled());
  EXPECT_EQ(config->entries().size(), 5U);
  const auto verdict = [&](std::string_view secret, std::string type, std::string id) {
    return config->check(name(secret), requester(std::move(type), std::move(id)));
  };
  EXPECT_EQ(verdict("object", "Client", "intake"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("object", "Client", "other"), ScopeVerdict::kOutOfScope);
  EXPECT_EQ(verdict("type", "TokenIntrospector", "any"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("type", "Client", "any"), ScopeVerdict::kOutOfScope);
  EXPECT_EQ(verdict("strings", "Client", "intake"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("strings", "TokenIntrospector", "x"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("strings", "Client", "x"), ScopeVerdict::kOutOfScope);
  EXPECT_EQ(verdict("objects", "Client", "b"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("objects", "Client", "c"), ScopeVerdict::kOutOfScope);
  EXPECT_EQ(verdict("mixed", "AidboxTopicDestination", "events"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("mixed", "Client", "z"), ScopeVerdict::kGranted);
  EXPECT_EQ(verdict("unknown", "Client", "z"), ScopeVerdict::kUnknownName);
}

TEST(VaultConfig, ComparesScopesByteByByte) {
  const auto config = VaultConfig::parse(R"({"secret":{"a":{"path":"/run/a","scope":"Client/basic"}}})");
  EXPECT_TRUE(!config);  // a bare string is not one of the documented forms
  const auto listed = VaultConfig::parse(R"({"secret":{"a":{"path":"/run/a","scope":["Client/basic"]}}})");
  ASSERT_TRUE(listed);
  for (const auto& [type, id] : std::vector<std::pair<std::string, std::string>>{{"client", "basic"},
                                                                                 {"Client", "Basic"},
                                                                                 {"Client", "basic "},
                                                                                 {"Client", " basic"},
                                                                                 {"Client", "%62asic"},
                                                                                 {"Client", ""},
                                                                                 {"Client", std::string("basic\0", 6)},
                                                                                 {"Client/basic", ""},
                                                                                 {"", "basic"}}) {
    EXPECT_EQ(listed->check(name("a"), requester(type, id)), ScopeVerdict::kOutOfScope) << type << "/" << id;
  }
  EXPECT_EQ(listed->check(name("a"), requester("Client", "basic")), ScopeVerdict::kGranted);
}

TEST(VaultConfig, BI09_RefusesAScopeThatWouldOpenTheSecretToMoreThanItSays) {
  EXPECT_THAT(refusal_of_scope("{}"), HasSubstr("/secret/a/scope: a scope needs resource_type"));
  EXPECT_THAT(refusal_of_scope("[]"), HasSubstr("/secret/a/scope: an empty scope"));
  EXPECT_THAT(refusal_of_scope("null"), HasSubstr("/secret/a/scope"));
  EXPECT_THAT(refusal_of_scope(R"({"resource_type":"Client","Id":"a"})"),
              HasSubstr("/secret/a/scope/Id: unknown member"));
  EXPECT_THAT(refusal_of_scope(R"([{"resource_type":"Client","ID":"a"}])"),
              HasSubstr("/secret/a/scope/0/ID: unknown member"));
  EXPECT_THAT(refusal_of_scope(R"({"resource_type":"*"})"), HasSubstr("wildcards"));
  EXPECT_THAT(refusal_of_scope(R"(["*"])"), HasSubstr("wildcards"));
  EXPECT_THAT(refusal_of_scope(R"(["Client/*"])"), HasSubstr("wildcards"));
  EXPECT_THAT(refusal_of_scope(R"(["Client/"])"), HasSubstr("id of a scope"));
  EXPECT_THAT(refusal_of_scope(R"([""])"), HasSubstr("resource type"));
  EXPECT_THAT(refusal_of_scope(R"({"resource_type":"Client","id":7})"),
              HasSubstr("/secret/a/scope/id: must be a string"));
  EXPECT_THAT(refusal_of_scope(R"({"resource_type":"Client","id":""})"), HasSubstr("id of a scope"));
  EXPECT_THAT(refusal_of_scope(R"([7])"), HasSubstr("/secret/a/scope/0"));
  EXPECT_THAT(refusal(R"({"secret":{"a":{"path":"/run/a"}}})"), HasSubstr("/secret/a: scope is missing"));
}

TEST(VaultConfig, BI09_RefusesPathsThatAreNotPlainlyAbsolute) {
  for (const auto* path : {"run/a", "./a", "", "/run/../a", "/run/./a", "/run/..", "/run/a/", "/run/a\\u0000b"}) {
    EXPECT_THAT(refusal_of_path(path), HasSubstr("/secret/a/path")) << path;
  }
  EXPECT_THAT(refusal(R"({"secret":{"a":{"scope":["Client"]}}})"), HasSubstr("/secret/a: path is missing"));
  EXPECT_THAT(refusal(R"({"secret":{"a":{"path":7,"scope":["Client"]}}})"),
              HasSubstr("/secret/a/path: must be a string"));
}

TEST(VaultConfig, BI10_AcceptsComponentsThatMerelyStartWithDots) {
  const auto config = VaultConfig::parse(R"({"secret":{"a":{"path":"/run/v/..data/key","scope":["Client/a"]},
                                              "b":{"path":"/run/v/..2026_01_02/.hidden","scope":["Client/a"]}}})");
  ASSERT_TRUE(config) << config.error().diagnostics;
  EXPECT_EQ(config->find(name("a"))->path, "/run/v/..data/key");
}

TEST(VaultConfig, BI09_RefusesBrokenJsonByPlaceAndWithoutQuotingIt) {
  EXPECT_THAT(refusal(R"({"secret":{"a":{"path":"/run/a","scope":["Client/a"]},}})"),
              HasSubstr("not valid JSON at line 1, column 55"));
  EXPECT_THAT(refusal("{\n\"secret\": {\n \"\xC3\xA4\": x}}"), HasSubstr("not valid JSON at line 3, column 7"));
  EXPECT_THAT(refusal(""), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("must be a JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("the member secret is missing"));
  EXPECT_THAT(refusal(R"({"secret":[]})"), HasSubstr("/secret: must be an object"));
  EXPECT_THAT(refusal(R"({"secret":{"a":"x"}})"), HasSubstr("/secret/a: must be an object"));
  EXPECT_THAT(refusal("\xEF\xBB\xBF{\"secret\":{}}"), HasSubstr("byte order mark"));
  EXPECT_THAT(refusal(std::string(1'048'577, ' ')), HasSubstr("larger than 1 MiB"));
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("nested deeper"));
  const auto junk = refusal(R"({"secret": hunter2-in-the-wrong-place})");
  EXPECT_THAT(junk, HasSubstr("not valid JSON"));
  EXPECT_THAT(junk, Not(HasSubstr("hunter2")));
}

TEST(VaultConfig, BI09_RefusesAMemberThatOccursTwiceAnywhere) {
  EXPECT_THAT(refusal(R"({"secret":{"a":{"path":"/1","scope":["Client/a"]},"a":{"path":"/2","scope":["Client/a"]}}})"),
              HasSubstr("/secret/a: the member occurs twice"));
  EXPECT_THAT(refusal(R"({"secret":{"a":{"path":"/1","path":"/2","scope":["Client/a"]}}})"),
              HasSubstr("/secret/a/path: the member"));
  EXPECT_THAT(refusal(R"({"secret":{"a":{"path":"/1","scope":["B/b",{"resource_type":"A","id":"x","id":"y"}]}}})"),
              HasSubstr("/secret/a/scope/1/id: the member"));
  EXPECT_THAT(refusal(R"({"secret":{},"secret":{}})"), HasSubstr("/secret: the member"));
}

TEST(VaultConfig, NeverShowsWhatItRefuses) {
  const std::string canary = "cnry 0123456789";
  for (const auto& json :
       {R"({"secret":{")" + canary + R"(":{"path":"/1","scope":["Client/a"]}}})",
        R"({"secret":{"a":{"path":")" + canary + R"(","scope":["Client/a"]}}})",
        R"({"secret":{"a":{"path":"/1","scope":[")" + canary + R"("]}}})",
        R"({"secret":{"a":{"path":"/1","scope":{")" + canary + R"(":"Client"}}}})",
        R"({"secret":{"a":{"path":"/1","scope":{"resource_type":"Client","id":")" + canary + R"("}}}})",
        R"({"secret":{"a":{"path":"/1","raw":")" + canary + R"(","scope":["Client/a"]}}})"}) {
    const auto message = refusal(json);
    EXPECT_THAT(message, Not(HasSubstr("accepted"))) << json;
    EXPECT_THAT(message, Not(HasSubstr("cnry"))) << message;
  }
}

std::string refusal_of_members(const std::string& members) {
  return refusal(R"({"secret":{"a":{"path":"/run/a","scope":["Client/a"],)" + members + "}}}");
}

TEST(VaultConfig, ReadsPinsAndForms) {
  const auto config = VaultConfig::parse(R"({"secret":{"a":{"path":"/run/a","scope":["AidboxTopicDestination/d"],
      "json_pointer":"/data/password","allow_plaintext":true,
      "allow":{"bootstrapServers":["Kafka.Example.:9092","*.msk.example:9098"],"url":["https://x.example/hook"]}}}})");
  ASSERT_TRUE(config) << config.error().diagnostics;
  const auto* entry = config->find(name("a"));
  EXPECT_EQ(entry->json_pointer, "/data/password");
  EXPECT_TRUE(entry->allow_plaintext);
  ASSERT_TRUE(entry->allow);
  EXPECT_EQ(entry->allow->servers, (std::vector<std::string>{"kafka.example:9092", "*.msk.example:9098"}));
  EXPECT_EQ(entry->allow->urls, (std::vector<std::string>{"https://x.example/hook"}));
}

TEST(VaultConfig, RefusesPinsThatWouldNotHoldOrNeverMatch) {  // S-01, R-47
  EXPECT_THAT(refusal_of_members(R"("allow":{})"), HasSubstr("/secret/a/allow: allows no target"));
  EXPECT_THAT(refusal_of_members(R"("allow":{"url":[]})"), HasSubstr("/secret/a/allow: allows no target"));
  EXPECT_THAT(refusal_of_members(R"("allow":["x"])"), HasSubstr("/secret/a/allow: must be an object"));
  EXPECT_THAT(refusal_of_members(R"("allow":{"bootstrapservers":["a:1"]})"),
              HasSubstr("/secret/a/allow/bootstrapservers: unknown member"));
  EXPECT_THAT(refusal_of_members(R"("allow":{"bootstrapServers":"a:1"})"),
              HasSubstr("/secret/a/allow/bootstrapServers: must be a list"));
  EXPECT_THAT(refusal_of_members(R"("allow":{"bootstrapServers":[1]})"),
              HasSubstr("/secret/a/allow/bootstrapServers/0: must be a string"));
  for (const auto* server : {"a", "a:b", "*:9092", "*.example:9092", "a:1,b:1", "https://a:1"}) {
    EXPECT_THAT(refusal_of_members(std::string(R"("allow":{"bootstrapServers":[")") + server + "\"]}"),
                HasSubstr("/secret/a/allow/bootstrapServers/0: must be host:port"))
        << server;
  }
  for (const auto* url : {"a.example/x", "ftp://a/", "https://u@a/", "https://a/?q", "https://a/#f", "https://"}) {
    EXPECT_THAT(refusal_of_members(std::string(R"("allow":{"url":[")") + url + "\"]}"),
                HasSubstr("/secret/a/allow/url/0: must be the beginning"))
        << url;
  }
  EXPECT_THAT(refusal_of_members(R"("allow_plaintext":"yes")"),
              HasSubstr("/secret/a/allow_plaintext: must be true or false"));
}

TEST(VaultConfig, RefusesPointersThatPointNowhere) {  // R-29
  for (const auto* pointer : {"\"\"", "\"data\"", "\"/a~\"", "7"}) {
    EXPECT_THAT(refusal_of_members(std::string("\"json_pointer\":") + pointer),
                HasSubstr("/secret/a/json_pointer: must be a JSON pointer"));
  }
  EXPECT_THAT(refusal_of_members(R"("raw":true,"json_pointer":"/a")"), HasSubstr("exclude each other"));
}

TEST(VaultConfig, KeepsPathsWithinTheAllowedRoots) {  // R-45
  ConfigRules rules;
  rules.allowed_roots = {"/run/secrets", "/etc/ssl"};
  const auto refusal_of = [&](const std::string& path) {
    const auto config =
        VaultConfig::parse(R"({"secret":{"a":{"path":")" + path + R"(","scope":["Client/a"]}}})", rules);
    return config ? std::string("accepted") : config.error().diagnostics;
  };
  EXPECT_EQ(refusal_of("/run/secrets/a"), "accepted");
  EXPECT_EQ(refusal_of("/etc/ssl/x/..data/key"), "accepted");
  for (const auto* outside : {"/run/secretsx/a", "/run/a", "/run/secrets"})
    EXPECT_THAT(refusal_of(outside),
                HasSubstr("/secret/a/path: lies outside the directories of BOX_VAULT_ALLOWED_ROOTS"));
}

TEST(VaultConfig, WarnsOncePerSecretThatCanBeAimedAnywhere) {  // S-01
  const auto warnings = [](TargetMode mode) {
    ConfigRules rules;
    rules.target_mode = mode;
    return VaultConfig::parse(R"({"secret":{
      "in":     {"path":"/run/in","scope":["Client/a"]},
      "pinned": {"path":"/run/p","scope":["AidboxTopicDestination/d"],"allow":{"bootstrapServers":["a:1"]}},
      "out":    {"path":"/run/o","scope":["AidboxTopicDestination/d","AidboxTopicDestination/e"]}}})",
                              rules)
        ->warnings();
  };
  EXPECT_THAT(warnings(TargetMode::kOff), IsEmpty());
  EXPECT_THAT(warnings(TargetMode::kWarn),
              ::testing::ElementsAre(HasSubstr("secret \"out\" can be sent to any address")));
  EXPECT_THAT(warnings(TargetMode::kFirstUse),
              ::testing::ElementsAre(HasSubstr("secret \"out\" goes to the first target")));
  EXPECT_THAT(warnings(TargetMode::kStrict), ::testing::ElementsAre(HasSubstr("secret \"out\" has no member allow")));
}

TEST(VaultConfig, WarnsAboutWhatIsAllowedButUnwise) {
  const auto config = VaultConfig::parse(R"({"version": 1, "secret":{
    "a": {"path": "/run/a", "scope": ["Client/a"], "owner": "ops"},
    "b": {"path": "/run/a", "scope": {"resource_type": "Client"}}}})");
  ASSERT_TRUE(config) << config.error().diagnostics;
  EXPECT_THAT(config->warnings(), Contains(HasSubstr("/version: unknown member, ignored")));
  EXPECT_THAT(config->warnings(), Contains(HasSubstr("/secret/a/owner: unknown member, ignored")));
  EXPECT_THAT(config->warnings(), Contains(HasSubstr("secret \"b\" is open to every Client")));
  EXPECT_THAT(config->warnings(), Contains(HasSubstr("\"a\" and \"b\" have the same path")));
  EXPECT_EQ(config->warnings().size(), 4U);
  const auto clean = VaultConfig::parse(R"({"secret":{"a":{"path":"/run/a","scope":["Client/a"],"raw":true}}})");
  ASSERT_TRUE(clean);
  EXPECT_THAT(clean->warnings(), IsEmpty());
  EXPECT_TRUE(clean->find(name("a"))->raw);
}

TEST(VaultConfig, KnowsNoNameWhenTheVaultIsOff) {
  const VaultConfig off;
  EXPECT_FALSE(off.enabled());
  EXPECT_EQ(off.check(name("a"), requester("Client", "a")), ScopeVerdict::kUnknownName);
}

TEST(VaultConfig, LoadsAFileOrSaysWhyNot) {
  const test::TempDir dir;
  const auto good = VaultConfig::load(dir.write("good.json", R"({"secret":{}})"));
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->enabled());
  EXPECT_THAT(VaultConfig::load(dir.file("absent.json")).error().diagnostics, HasSubstr("cannot be opened"));
  EXPECT_THAT(VaultConfig::load(dir.path().string()).error().diagnostics, HasSubstr("not a regular file"));
  EXPECT_THAT(VaultConfig::load(dir.write("big.json", std::string(1'048'577, 'x'))).error().diagnostics,
              HasSubstr("larger than 1 MiB"));
}

// Who may write it may widen the scope of each secret.
TEST(VaultConfig, RefusesAFileThatEverybodyMayWrite) {  // R-46
  namespace fs = std::filesystem;
  const test::TempDir dir;
  const std::string path = dir.write("vault.json", R"({"secret":{}})");
  const auto others_may_write = [](const fs::path& what, bool may) {
    fs::permissions(what, fs::perms::others_write, may ? fs::perm_options::add : fs::perm_options::remove);
  };
  others_may_write(path, true);
  EXPECT_EQ(VaultConfig::load(path).error().diagnostics,
            "vault config " + path +
                ": every user may write its file or directory; take that right away, or set "
                "BOX_VAULT_ALLOW_WORLD_WRITABLE");
  ConfigRules accepting;
  accepting.allow_world_writable = true;
  EXPECT_TRUE(VaultConfig::load(path, accepting));
  others_may_write(path, false);
  others_may_write(dir.path(), true);
  EXPECT_THAT(VaultConfig::load(path).error().diagnostics, HasSubstr("every user may write"));
  fs::permissions(dir.path(), fs::perms::sticky_bit, fs::perm_options::add);
  EXPECT_TRUE(VaultConfig::load(path)) << "as /tmp";
}

// A kubelet makes the directory of a ConfigMap for everybody, and the one that it links to for itself.
TEST(VaultConfig, LoadsAVolumeThatIsMadeOfLinks) {
  const test::TempDir dir;
  test::AtomicVolume volume(dir.path() / "volume");
  volume.set_mode(0644);
  volume.write({{"vault.json", R"({"secret":{}})"}});
  std::filesystem::permissions(dir.path() / "volume", std::filesystem::perms::all);
  EXPECT_TRUE(VaultConfig::load(volume.file("vault.json")));
}

TEST(VaultConfig, TellsThePathAndTheFirstFaultOfEachEntry) {
  const test::TempDir dir;
  const std::string path = dir.write("vault.json", R"({"secret":{
    "a": {"path": "a", "scope": ["Client/a"]},
    "b": {"path": "/run/b", "scope": ["Client/b"]},
    "c": {"path": "/run/c"}}})");
  EXPECT_EQ(VaultConfig::load(path).error().diagnostics,
            "vault config " + path + ": /secret/a/path: must be an absolute path\nvault config " + path +
                ": /secret/c: scope is missing; name who may use the secret");
  const std::string broken = dir.write("broken.json", "{\n  \"secret\": oops\n}");
  EXPECT_EQ(VaultConfig::load(broken).error().diagnostics,
            "vault config " + broken + ": is not valid JSON at line 2, column 13");
}

}  // namespace
}  // namespace embergate::vault
