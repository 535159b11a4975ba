// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <mutex>

#include "embergate/observability/log.hpp"
#include "integration/auth/auth_world.hpp"

namespace embergate::auth {
namespace {

using core::ErrorCode;

AuthOptions five_failures() {
  AuthOptions options;
  options.failures_per_minute = 5;
  return options;
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  core::Result<Principal> login(const std::string& credential, const std::string& address = "127.0.0.1") {
    return world.login(credential, address);
  }
  [[nodiscard]] core::Result<void> authorize(const Principal& principal, std::string_view interaction,
                                             std::string_view type) const {
    return world.authorize(principal, interaction, type);
  }

  AuthWorld world{five_failures()};
};

TEST_F(AuthenticatorTest, TheRootClientMayEverything) {
  const auto principal = login("root:cnry-root");
  ASSERT_TRUE(principal);
  EXPECT_TRUE(world.authorize(*principal));
  EXPECT_EQ(login("root:wrong").error().code, ErrorCode::kUnauthenticated);
}

TEST_F(AuthenticatorTest, AClientByReferenceNeedsAPolicyToBeAllowed) {
  world.put_client_by_reference("intake", "intake");
  const auto principal = login("intake:v1");
  ASSERT_TRUE(principal);
  EXPECT_EQ(world.authorize(*principal).error().code, ErrorCode::kForbidden);
  world.put("AccessPolicy", "p",
            R"({"resourceType":"AccessPolicy","id":"p","engine":"allow","link":[{"reference":"Client/intake"}]})");
  const auto again = login("intake:v1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(world.authorize(*again));
}

TEST_F(AuthenticatorTest, ARequestThatRunsWhileCachesAreDroppedKeepsTheRightsItStartedWith) {
  world.put_client_by_reference("intake", "intake");
  world.put("AccessPolicy", "p",
            R"({"resourceType":"AccessPolicy","id":"p","engine":"allow","link":[{"reference":"Client/intake"}]})");
  const auto running = login("intake:v1");
  ASSERT_TRUE(running);
  world.drop_caches();
  EXPECT_TRUE(world.authorize(*running)) << "the entries of its bundle";
  EXPECT_TRUE(login("intake:v1"));
  world.put("AccessPolicy", "p", R"({"resourceType":"AccessPolicy","id":"p","engine":"allow","link":[]})");
  const auto later = login("intake:v1");
  ASSERT_TRUE(later);
  EXPECT_EQ(world.authorize(*later).error().code, ErrorCode::kForbidden);
  EXPECT_TRUE(world.authorize(*running)) << "decided when it began";
}

TEST_F(AuthenticatorTest, ARotatedSecretCountsOnTheNextRequestInBothDirections) {
  world.put_client_by_reference("intake", "intake");
  ASSERT_TRUE(login("intake:v1"));
  for (const auto& [fresh, old] :
       std::vector<std::pair<std::string, std::string>>{{"v2", "v1"}, {"v3", "v2"}, {"v4", "v3"}}) {
    world.volume.write({{"client", fresh + "\n"}});
    EXPECT_TRUE(login("intake:" + fresh)) << fresh;
    EXPECT_FALSE(login("intake:" + old)) << old;
  }
}

TEST_F(AuthenticatorTest, AnOldSecretIsRefusedOnTheFirstRequestAfterTheRotation) {
  world.put_client_by_reference("intake", "intake");
  ASSERT_TRUE(login("intake:v1"));
  world.volume.write({{"client", "v2\n"}});
  EXPECT_FALSE(login("intake:v1"));
  EXPECT_TRUE(login("intake:v2"));
}

TEST_F(AuthenticatorTest, WrongEmptyUnknownInactiveAndGrantlessAreTheSame401) {
  world.put_client_by_reference("intake", "intake");
  world.put("Client", "inactive",
            R"({"resourceType":"Client","id":"inactive","active":false,"grant_types":["basic"]})");
  world.put("Client", "grantless", R"({"resourceType":"Client","id":"grantless","secret":"$scrypt$x"})");
  for (const char* credential : {"intake:wrong", "intake:", "nobody:v1", "inactive:v1", "grantless:v1"}) {
    const auto refused = login(credential, credential);
    ASSERT_FALSE(refused) << credential;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(refused.error().diagnostics, "Authentication is required");
  }
}

// The figures are in the auth bench (S-28).
TEST_F(AuthenticatorTest, AL14_AnUnknownCallerCausesTheWorkOfAKnownOne) {
  world.put_client_by_reference("intake", "intake");
  const auto looks = [this](const std::string& credential) {
    const double before = world.resolutions();
    EXPECT_EQ(login(credential, credential).error().code, ErrorCode::kUnauthenticated) << credential;
    return world.resolutions() - before;
  };
  world.put("Client", "inactive",
            R"({"resourceType":"Client","id":"inactive","active":false,"grant_types":["basic"]})");
  const double known = looks("intake:wrong");
  EXPECT_GT(known, 0);
  for (const char* credential : {"nobody:wrong", "nobody:v1", "root:wrong", "inactive:wrong", "intake:", "nobody:"})
    EXPECT_EQ(looks(credential), known) << credential;
}

TEST(Authenticator, AL14_AnUnknownCallerWaitsForTheSlowHashAsAKnownOneDoes) {
  AuthOptions no_queue;
  no_queue.hash_queue = 0;
  AuthWorld world(no_queue);
  world.put_client_with_secret("c", "first");
  for (const char* credential : {"c:wrong", "nobody:wrong", "nobody:first", "root:wrong", "c:"})
    EXPECT_EQ(world.login(credential).error().code, ErrorCode::kThrottled) << credential;
}

TEST_F(AuthenticatorTest, AnUnknownCallerIsNotLetInByTheSecretOfTheClientThatStandsIn) {
  world.put_client_with_secret("c", "first");
  ASSERT_TRUE(login("c:first"));
  for (const char* id : {"nobody", "anybody", "somebody"})
    EXPECT_EQ(login(std::string(id) + ":first").error().code, ErrorCode::kUnauthenticated) << id;
}

TEST_F(AuthenticatorTest, AL10_AReferenceThatCannotBeUsedIsTheSame401AsAWrongSecret) {
  world.put_client_by_reference("intake", "intake");
  world.put_client_by_reference("out-of-scope", "intake");
  world.put_client_by_reference("broken", "no-such-name");
  world.put_client_by_reference("absent", "absent");
  const auto wrong = login("intake:wrong", "intake");
  ASSERT_FALSE(wrong);
  for (const char* id : {"out-of-scope", "broken", "absent"}) {
    const auto refused = login(std::string(id) + ":v1", id);
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().code, wrong.error().code) << id;
    EXPECT_EQ(refused.error().diagnostics, wrong.error().diagnostics) << id;
  }
}

TEST_F(AuthenticatorTest, AHashedSecretIsVerifiedAndItsVersionMatters) {
  world.put_client_with_secret("c", "first");
  EXPECT_TRUE(login("c:first"));
  EXPECT_TRUE(login("c:first"));
  EXPECT_FALSE(login("c:second"));
  world.put_client_with_secret("c", "second");
  EXPECT_FALSE(login("c:first"));
  EXPECT_TRUE(login("c:second"));
}

TEST_F(AuthenticatorTest, AGuesserIsSlowedDownAndTheClientElsewhereIsServed) {
  world.put_client_by_reference("intake", "intake");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(login("intake:guess", "10.0.0.1").error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(login("intake:v1", "10.0.0.1").error().code, ErrorCode::kThrottled);
  EXPECT_TRUE(login("intake:v1", "10.0.0.2"));
}

TEST_F(AuthenticatorTest, ACallerThatWasLetInLatelyIsNotLockedOutByGuessesAtItsAddress) {
  world.put_client_by_reference("intake", "intake");
  world.put_client_with_secret("robot", "first");
  for (const char* right : {"intake:v1", "robot:first", "root:cnry-root"}) {
    const std::string id = std::string(right).substr(0, std::string(right).find(':'));
    ASSERT_TRUE(login(right, "10.0.0.1")) << right;
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(login(id + ":guess" + std::to_string(i), "10.0.0.1"));
    EXPECT_EQ(login(id + ":guess", "10.0.0.1").error().code, ErrorCode::kThrottled);
    EXPECT_TRUE(login(right, "10.0.0.1")) << right;
    EXPECT_EQ(login(right, "10.0.0.2").has_value(), true) << "nor elsewhere";
  }
}

// Users of one client do not all learn of a rotation at once.
TEST_F(AuthenticatorTest, ASecretThatWasRightLatelyIsNoGuess) {
  world.put_client_by_reference("intake", "intake");
  ASSERT_TRUE(login("intake:v1"));
  world.volume.write({{"client", "v2\n"}});
  ASSERT_TRUE(login("intake:v2"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(login("intake:v1").error().code, ErrorCode::kUnauthenticated);
  world.volume.write({{"client", "v3\n"}});
  EXPECT_TRUE(login("intake:v3")) << "never seen at this address, which has no guesses";
}

TEST(Authenticator, GuessesAtASecretThatClientsShareCountTogetherAndTellNothing) {
  AuthOptions tight = five_failures();
  tight.failures_per_client = 1;
  AuthWorld shared(tight);
  shared.put_client_by_reference("intake", "intake");
  shared.put_client_by_reference("twin", "intake");
  // Ten of an address each without failures of its own, so that the limit of the secret is reached.
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(shared.login("intake:guess", "10.0.1." + std::to_string(i)).error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(shared.login("intake:v1", "10.0.2.1").error().code, ErrorCode::kThrottled);
  const auto twin = shared.login("twin:guess", "10.0.2.1");
  const auto stranger = shared.login("stranger:guess", "10.0.2.1");
  EXPECT_EQ(twin.error().code, stranger.error().code);
  EXPECT_EQ(twin.error().diagnostics, stranger.error().diagnostics);
}

// The same credential from two addresses is checked once; that one of them has too much under way concerns it alone.
TEST(Authenticator, ACallerDoesNotPayForTheAddressOfAnotherWithTheSameCredential) {
  AuthOptions narrow;
  narrow.hash_queue_per_address = 1;
  AuthWorld crowded(narrow);
  crowded.put_client_with_secret("robot", "first");
  std::vector<std::pair<std::string, std::string>> all;
  for (int i = 0; i < 6; ++i) all.emplace_back("nobody-" + std::to_string(i) + ":guess", "10.0.0.1");
  all.emplace_back("robot:first", "10.0.0.1");
  all.emplace_back("robot:first", "10.0.0.2");
  const auto ended = crowded.logins(all);
  EXPECT_TRUE(ended.back()) << ended.back().error().diagnostics;
}

TEST_F(AuthenticatorTest, AnUnknownClientIsThrottledAsAKnownOne) {
  world.put_client_by_reference("intake", "intake");
  for (const char* id : {"intake", "nobody", "root"}) {
    std::vector<ErrorCode> answers;
    for (int i = 0; i < 8; ++i) answers.push_back(login(std::string(id) + ":guess", id).error().code);
    EXPECT_EQ(std::count(answers.begin(), answers.end(), ErrorCode::kUnauthenticated), 5) << id;
    EXPECT_EQ(answers.back(), ErrorCode::kThrottled) << id;
  }
}

TEST_F(AuthenticatorTest, AnIpv6CallerIsCountedByItsNetwork) {
  world.put_client_by_reference("intake", "intake");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(login("intake:guess", "2001:db8::" + std::to_string(i + 1)));
  EXPECT_EQ(login("intake:v1", "2001:db8::ffff").error().code, ErrorCode::kThrottled);
  EXPECT_TRUE(login("intake:v1", "2001:db8:0:1::1"));
}

TEST(Authenticator, TheNetworksOfAnIpv6SiteAreCountedTogether) {
  AuthOptions options = five_failures();
  options.failures_per_client = 100;  // more than a site has
  AuthWorld world(options);
  world.put_client_by_reference("intake", "intake");
  ASSERT_TRUE(world.login("intake:v1", "2001:db8:0:1::1"));
  int checked = 0;
  for (int i = 0; i < 60; ++i) {
    const auto refused = world.login("intake:guess", "2001:db8:0:" + std::to_string(100 + i) + "::1");
    if (refused.error().code == ErrorCode::kUnauthenticated) ++checked;
  }
  EXPECT_GE(checked, 20) << "four times what an address has";
  EXPECT_LE(checked, 25) << "and what it regains meanwhile on a slow machine";
  EXPECT_EQ(world.login("intake:v1", "2001:db8:0:2::1").error().code, ErrorCode::kThrottled);
  EXPECT_TRUE(world.login("intake:v1", "2001:db8:0:1::1")) << "let in lately";
  EXPECT_TRUE(world.login("intake:v1", "2001:db8:1:1::1"));
}

// The line is full of guesses, of one address each; the guess before was wrong, so that each address is known for it.
TEST(Authenticator, AddressesOfGuessesDoNotShutOutANewcomerFromTheSlowHash) {
  AuthOptions options;
  options.hash_queue = 8;
  AuthWorld crowded(options);
  crowded.put_client_with_secret("robot", "first");
  std::vector<std::pair<std::string, std::string>> all;
  for (int i = 0; i < 40; ++i) {
    const std::string address = "10.0.1." + std::to_string(i);
    EXPECT_EQ(crowded.login("nobody-" + std::to_string(i) + ":guess", address).error().code,
              ErrorCode::kUnauthenticated);
    all.emplace_back("nobody-" + std::to_string(i) + ":another", address);
  }
  all.emplace_back("robot:first", "10.0.0.2");
  const auto ended = crowded.logins(all);
  EXPECT_TRUE(ended.back()) << ended.back().error().diagnostics;
}

TEST_F(AuthenticatorTest, APolicyWithListsGivesThoseRightsAndNoMore) {
  world.put_client_by_reference("intake", "intake");
  world.put("AccessPolicy", "p",
            R"({"resourceType":"AccessPolicy","id":"p","engine":"allow","link":[{"reference":"Client/intake"}],
                "resource_types":["Patient"],"interactions":["create"]})");
  const auto principal = login("intake:v1");
  ASSERT_TRUE(principal);
  EXPECT_TRUE(authorize(*principal, "create", "Patient"));
  EXPECT_FALSE(authorize(*principal, "update", "Patient"));
  EXPECT_FALSE(authorize(*principal, "create", "Client"));
  EXPECT_FALSE(principal->is_administrator());
  // Stored beside the rules: it opens nothing.
  world.put("AccessPolicy", "p",
            R"({"resourceType":"AccessPolicy","id":"p","engine":"allow","link":[{"reference":"Client/intake"}],
                "resource_types":[]})");
  EXPECT_FALSE(authorize(*login("intake:v1"), "create", "Patient"));
}

TEST_F(AuthenticatorTest, NobodyIsAnonymousAndMayNothing) {
  const auto nobody = world.authenticate("");
  ASSERT_TRUE(nobody);
  EXPECT_EQ(world.authorize(*nobody).error().code, ErrorCode::kUnauthenticated);
}

// The lines of the log about logins.
class CapturedLog {
 public:
  CapturedLog() {
    observability::log::capture([this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_ += line;
      lines_ += '\n';
    });
  }
  ~CapturedLog() { observability::log::capture(nullptr); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::string lines_;
};

TEST_F(AuthenticatorTest, TheLogNamesAKnownClientWhoseLoginFailedAndNeverWhatWasTypedForAnother) {
  world.put_client_by_reference("intake", "intake");
  CapturedLog log;
  EXPECT_FALSE(login("intake:wrong"));
  EXPECT_THAT(log.take(), testing::HasSubstr(R"("client":"intake","w_addr":"127.0.0.1")"));
  EXPECT_FALSE(login("root:wrong"));
  EXPECT_THAT(log.take(), testing::HasSubstr(R"("client":"root")"));
  EXPECT_FALSE(login("cnry-typed-into-the-wrong-field:x"));
  const std::string unknown = log.take();
  EXPECT_THAT(unknown, testing::HasSubstr("\"client\":\"(no such client)\""));
  EXPECT_THAT(unknown, testing::Not(testing::HasSubstr("cnry-typed")));
}

TEST_F(AuthenticatorTest, A429SaysHowLongItLastsAndTheLogWhomItKeepsOutOnce) {
  world.put_client_by_reference("intake", "intake");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(login("intake:wrong" + std::to_string(i)));
  CapturedLog log;
  const auto refused = login("intake:v1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kThrottled);
  EXPECT_GT(world.retry_after.count(), 0);
  EXPECT_LE(world.retry_after.count(), 600);
  EXPECT_THAT(refused.error().diagnostics,
              testing::AllOf(testing::HasSubstr("try again in " + std::to_string(world.retry_after.count()) + " s"),
                             testing::HasSubstr("BOX_WEB_TRUSTED_PROXIES")));
  EXPECT_THAT(log.take(),
              testing::AllOf(testing::HasSubstr("auth/throttled"), testing::HasSubstr(R"("client":"intake")"),
                             testing::HasSubstr(R"("w_addr":"127.0.0.1")")));
  EXPECT_FALSE(login("intake:v1"));
  EXPECT_EQ(log.take(), "") << "once a minute";
}

}  // namespace
}  // namespace embergate::auth
