// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "embergate/observability/log.hpp"
#include "embergate/vault/bundle.hpp"
#include "support/eventually.hpp"
#include "support/fake_clock.hpp"
#include "unit/vault/scripted_files.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto* kConfig = R"({"secret":{
  "c1":  {"path": "/run/canary-path/c1", "scope": ["Client/a", "AidboxTopicDestination/d"]},
  "bin": {"path": "/run/canary-path/bin", "raw": true, "scope": ["Client/a"]},
  "c2":  {"path": "/run/canary-path/c2", "scope": ["Client/a"]}}})";

constexpr long kNfs = 0x6969;  // a file system that may hang

std::string text_of(const SecretValue& value) {
  return value.secret->with_plaintext([](std::string_view text) { return std::string(text); });
}

class Cache : public ::testing::Test {
 protected:
  Cache() {
    observability::log::capture([this](std::string_view line) {
      std::lock_guard lock(mutex_);
      log_ += line;
      log_ += '\n';
    });
    options_.start_poll_thread = false;
    options_.grace = 5s;
    options_.read_timeout = 10s;
    files_->put("V1");
  }
  ~Cache() override {
    files_->release();
    cache_.reset();
    observability::log::capture(nullptr);
  }

  SecretCache& cache() {
    if (!cache_)
      cache_ = std::make_unique<SecretCache>(*VaultConfig::parse(kConfig), options_, clock_, metrics_, files_);
    return *cache_;
  }
  static SecretName name(std::string_view text) { return *make_secret_name(text); }
  core::Result<SecretValue> resolve(Use use = Use::kInbound, std::string_view secret = "c1", std::string id = "a") {
    return cache().resolve(name(secret), {"Client", std::move(id), "secret"}, ContentKind::kSingleLine, use);
  }
  std::string text(Use use = Use::kInbound) {
    const auto value = resolve(use);
    return value ? text_of(*value) : "(" + value.error().diagnostics + ")";
  }
  // The first value has been looked at twice, a quiet time apart.
  void load() {
    (void)resolve();
    clock_.advance(100ms);
    ASSERT_EQ(text(), "V1");
    clock_.advance(5s);  // no longer racy
    ASSERT_EQ(text(), "V1");
  }
  double count(const std::string& outcome) {
    return metrics_.counter("secret_resolutions_total", "", {{"outcome", outcome}})->value();
  }
  std::string log() {
    std::lock_guard lock(mutex_);
    return log_;
  }
  int times_logged(std::string_view part) {
    const auto lines = log();
    int times = 0;
    for (auto at = lines.find(part); at != std::string::npos; at = lines.find(part, at + 1)) ++times;
    return times;
  }

  std::mutex mutex_;
  std::string log_;
  test::FakeClock clock_;
  observability::Metrics metrics_;
  std::shared_ptr<test::ScriptedFiles> files_ = std::make_shared<test::ScriptedFiles>();
  SecretCache::Options options_;
  std::unique_ptr<SecretCache> cache_;
};

TEST_F(Cache, GivesTheValueOnceItHasSettled) {
  EXPECT_THAT(text(), HasSubstr("secret \"c1\" cannot be used (changing)"));
  clock_.advance(100ms);
  const auto value = resolve();
  ASSERT_TRUE(value);
  EXPECT_EQ(text_of(*value), "V1");
  EXPECT_EQ(value->generation, 1U);
}

TEST_F(Cache, GivesTheValueAtOnceWhenNoQuietTimeIsWanted) {
  options_.quiet = 0ms;
  EXPECT_EQ(text(), "V1");
}

TEST_F(Cache, ChecksTheScopeBeforeItTouchesTheFile) {  // R-01, S-20
  const auto denied = resolve(Use::kInbound, "c1", "b");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, core::ErrorCode::kForbidden);
  EXPECT_EQ(denied.error().diagnostics, "secret \"c1\" is not available to Client/b");
  const auto unknown = resolve(Use::kInbound, "nobody");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(files_->opens(), 0);
  EXPECT_EQ(count("denied"), 1);
  (void)resolve(Use::kInbound, "c1", "b");
  EXPECT_EQ(times_logged("secret/denied"), 1);
  EXPECT_FALSE(cache().refresh(name("c1"), {"Client", "b", "secret"}, ContentKind::kSingleLine, Use::kInbound, 0));
  EXPECT_EQ(files_->opens(), 0);
}

TEST_F(Cache, LooksAtTheFileOnEveryAccessButReadsItOnlyWhenItChanged) {
  load();
  const int opens = files_->opens();
  const int reads = files_->reads();
  EXPECT_EQ(text(), "V1");
  EXPECT_EQ(text(), "V1");
  EXPECT_EQ(files_->opens(), opens + 2);
  EXPECT_EQ(files_->reads(), reads);
  EXPECT_GE(count("hit"), 2);
  files_->put("V1\n");
  EXPECT_EQ(text(), "V1");
  EXPECT_GT(files_->reads(), reads);
  EXPECT_EQ(resolve()->generation, 1U);
}

TEST_F(Cache, RM06_FindsAChangeThatNoIdentityShowsWithinTheTtl) {
  load();
  files_->put_with_same_identity("V2");
  EXPECT_EQ(text(), "V1");
  clock_.advance(30s);
  (void)resolve();
  clock_.advance(100ms);
  EXPECT_EQ(text(), "V2");
}

TEST_F(Cache, RM06_FindsAChangeOfTheSameTickAtTheNextAccess) {  // R-08
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.system_now().time_since_epoch()).count();
  files_->edit([&](auto& file) { file.mtime_s = file.ctime_s = seconds; });
  (void)resolve();
  clock_.advance(100ms);
  ASSERT_EQ(text(), "V1");
  files_->put_with_same_identity("V2");
  (void)resolve();
  clock_.advance(100ms);
  EXPECT_EQ(text(), "V2");
}

TEST_F(Cache, FA07_ServesTheOldValueThroughFaultsAndCountsNoneAsMissing) {
  load();
  for (const int fault : {EIO, EMFILE}) {
    files_->fail_always(fault);
    EXPECT_EQ(text(), "V1");
    EXPECT_EQ(cache().report(name("c1")).state, State::kStale);
    EXPECT_EQ(cache().report(name("c1")).reason, "io-error");
    files_->fail_always(0);
    EXPECT_EQ(text(), "V1");
    EXPECT_EQ(cache().report(name("c1")).state, State::kOk);
  }
  EXPECT_EQ(metrics_.counter("vault_failed_looks_total", "", {{"reason", "io-error"}})->value(), 2);
  files_->put("V2");
  files_->fail_opens({ESTALE, ESTALE, EACCES});
  files_->fail_reads({EINTR});
  files_->read_at_most(1);
  (void)resolve();
  clock_.advance(100ms);
  EXPECT_EQ(text(), "V2");
}

TEST_F(Cache, FailsClosedForOthersButNotForARunningClient) {  // R-30, R-31
  load();
  EXPECT_EQ(text(Use::kOutboundRunning), "V1");
  files_->fail_always(ENOENT);
  EXPECT_EQ(text(), "V1");
  clock_.advance(5'001ms);
  const auto refused = resolve();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retriable);
  EXPECT_THAT(refused.error().diagnostics, HasSubstr("secret \"c1\" cannot be used (missing)"));
  EXPECT_EQ(text(Use::kOutboundRunning), "V1");
  EXPECT_EQ(cache().report(name("c1")).state, State::kStale);
}

TEST_F(Cache, PollsWhatWasUsedOnceSoThatARevocationCountsFromTheMomentItHappened) {  // R-14, R-31, R-34
  load();
  clock_.advance(1h);  // idle, but polled
  cache().poll_once();
  files_->fail_always(ENOENT);
  clock_.advance(5'001ms);
  EXPECT_THAT(text(), HasSubstr("(missing)"));  // the first who asks
  EXPECT_THAT(text(Use::kOutboundAttempt), HasSubstr("(missing)"));
  files_->fail_always(0);
  EXPECT_EQ(text(), "V1");
  clock_.advance(4s);
  cache().poll_once();
  files_->fail_always(EACCES);
  clock_.advance(5s);
  EXPECT_EQ(text(), "V1");
}

TEST_F(Cache, LogsOneLinePerTransition) {
  load();
  files_->fail_always(ENOENT);
  for (int i = 0; i < 5; ++i) (void)resolve();
  EXPECT_EQ(times_logged("secret/resolve-failed"), 1);
  files_->fail_always(0);
  for (int i = 0; i < 5; ++i) (void)resolve();
  EXPECT_EQ(times_logged("secret/resolve-failed"), 1);
  EXPECT_EQ(times_logged("secret/resolved"), 2);
  EXPECT_EQ(times_logged("vault/loaded"), 1);
}

TEST_F(Cache, AL19_NamesNeitherPathNorValueAnywhere) {  // S-21, S-24
  files_->put("cnry-c1-0123456789abcdef");
  (void)resolve();
  clock_.advance(100ms);
  ASSERT_TRUE(resolve());
  std::string said = log();
  for (const auto* bytes : {"", "cnry-c1-0123456789abcdef\nx", "\xFF\xFE"}) {
    files_->put(bytes);
    clock_.advance(6s);
    (void)resolve();
    clock_.advance(6s);
    const auto refused = resolve();
    ASSERT_FALSE(refused);
    said += refused.error().diagnostics;
    const auto report = cache().report(name("c1"));
    said += report.reason + std::string(to_string(report.state));
  }
  said += log() + metrics_.text();
  EXPECT_THAT(said, Not(HasSubstr("cnry-c1")));
  EXPECT_THAT(said, Not(HasSubstr("canary-path")));
}

TEST_F(Cache, RM20_RefreshesOnceAndOnlyWhenItCouldHelp) {  // R-35, R-37
  options_.ttl = 1h;
  load();
  const auto refresh = [&](std::uint64_t used) {
    return cache().refresh(name("c1"), {"Client", "a", "secret"}, ContentKind::kSingleLine, Use::kInbound, used);
  };
  files_->put_with_same_identity("V2");
  EXPECT_EQ(text(), "V1");
  (void)refresh(1);
  clock_.advance(100ms);
  EXPECT_EQ(text(), "V2");
  EXPECT_EQ(resolve()->generation, 2U);
  clock_.advance(5s);
  (void)resolve();
  const int reads = files_->reads();
  EXPECT_EQ(refresh(1)->generation, 2U);  // newer than the one that failed: nothing to read
  EXPECT_EQ(files_->reads(), reads);
  for (int i = 0; i < 1'000; ++i) (void)refresh(2);
  EXPECT_LE(files_->reads() - reads, 2);  // one refresh: the content and its end
  clock_.advance(1s);
  (void)refresh(2);
  EXPECT_LE(files_->reads() - reads, 4);
}

TEST_F(Cache, ForgetsIdentitiesButNoValuesWhenDropped) {  // R-19
  load();
  const int reads = files_->reads();
  cache().drop();
  files_->fail_always(ENOENT);
  EXPECT_EQ(text(), "V1");
  files_->fail_always(0);
  cache().drop();
  EXPECT_EQ(text(), "V1");
  EXPECT_GT(files_->reads(), reads);
  EXPECT_EQ(resolve()->generation, 1U);
}

TEST_F(Cache, RM23_PollsWatchedFilesAndTellsTheWatchers) {  // R-14, R-16
  files_->fail_always(ENOENT);
  std::vector<std::uint64_t> told;
  const auto watch = cache().watch(name("c1"), ContentKind::kSingleLine,
                                   [&](std::uint64_t generation) { told.push_back(generation); });
  cache().poll_once();
  EXPECT_EQ(told, (std::vector<std::uint64_t>{0}));  // it is missing
  EXPECT_EQ(cache().report(name("c1")).state, State::kMissing);
  files_->fail_always(0);
  cache().poll_once();
  clock_.advance(100ms);
  cache().poll_once();
  EXPECT_EQ(told, (std::vector<std::uint64_t>{0, 1}));
  files_->put("V1\n");
  cache().poll_once();
  EXPECT_EQ(told.size(), 2U);
  files_->put("V2");
  cache().poll_once();
  clock_.advance(100ms);
  cache().poll_once();
  EXPECT_EQ(told, (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST_F(Cache, TellsNobodyAfterTheWatchHasEnded) {
  int told = 0;
  auto watch = cache().watch(name("c1"), ContentKind::kSingleLine, [&](std::uint64_t) { ++told; });
  watch.reset();
  cache().poll_once();
  clock_.advance(100ms);
  cache().poll_once();
  EXPECT_EQ(told, 0);
  EXPECT_EQ(files_->opens(), 0);
}

TEST_F(Cache, LetsAWatcherEndItsOwnWatch) {
  std::unique_ptr<Watch> watch;
  int told = 0;
  watch = cache().watch(name("c1"), ContentKind::kSingleLine, [&](std::uint64_t) {
    ++told;
    watch.reset();
  });
  cache().poll_once();
  clock_.advance(100ms);
  cache().poll_once();
  EXPECT_EQ(told, 1);
}

TEST_F(Cache, KeepsKindsOfOneNameApart) {
  files_->put("X-Key: abcdef");
  options_.quiet = 0ms;
  EXPECT_EQ(text(), "X-Key: abcdef");
  const auto header = cache().resolve(name("c1"), {"Client", "a", "h"}, ContentKind::kHeader, Use::kInbound);
  ASSERT_TRUE(header);
  files_->put("no header");
  EXPECT_EQ(text(), "no header");
  (void)cache().resolve(name("c1"), {"Client", "a", "h"}, ContentKind::kHeader, Use::kInbound);
  EXPECT_EQ(cache().report(name("c1")).reason, "bad-header");
}

TEST_F(Cache, HonoursRawEntries) {
  options_.quiet = 0ms;
  files_->put(std::string("\xFF\0\n", 3));
  EXPECT_EQ(text_of(*resolve(Use::kInbound, "bin")), std::string("\xFF\0\n", 3));
}

TEST_F(Cache, ReportsNamesThatNobodyUsesYet) {
  EXPECT_EQ(cache().report_all().size(), 3U);
  EXPECT_EQ(cache().report(name("c2")).state, State::kUnused);
  EXPECT_EQ(cache().report(name("c2")).reason, "");
  options_.quiet = 0ms;
  cache_.reset();
  EXPECT_EQ(cache().probe(name("c2")).state, State::kOk);
}

TEST_F(Cache, RedactsCurrentValues) {
  files_->put("a-long-password");
  options_.quiet = 0ms;
  ASSERT_TRUE(resolve());
  std::string line = "wrong: a-long-password";
  cache().redact(line);
  EXPECT_EQ(line, "wrong: [secret]");
}

TEST_F(Cache, GivesThePreviousValueOnlyWhileItsTimeLasts) {  // R-33
  options_.quiet = 0ms;
  options_.previous_grace = 2s;
  ASSERT_EQ(text(), "V1");
  EXPECT_EQ(cache().previous(name("c1")), nullptr);
  files_->put("V2");
  ASSERT_EQ(text(), "V2");
  ASSERT_NE(cache().previous(name("c1")), nullptr);
  clock_.advance(2s);
  EXPECT_EQ(cache().previous(name("c1")), nullptr);
}

TEST_F(Cache, FA08_LetsOnlyTheHungFileSuffer) {  // R-06
  files_->set_type(kNfs);
  options_.read_timeout = 200ms;
  options_.quiet = 0ms;
  ASSERT_EQ(text(), "V1");
  ASSERT_TRUE(resolve(Use::kInbound, "c2"));
  files_->hang("/run/canary-path/c1");
  EXPECT_EQ(text(), "V1");  // after read_timeout, the last good value
  EXPECT_EQ(cache().report(name("c1")).reason, "io-error");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(text(), "V1");
  EXPECT_EQ(files_->hung(), 1);  // one worker, whatever comes
  const auto other = resolve(Use::kInbound, "c2");
  ASSERT_TRUE(other);
  EXPECT_EQ(cache().report(name("c2")).state, State::kOk);
  files_->release();
  EXPECT_TRUE(test::eventually([&] { return text() == "V1" && cache().report(name("c1")).state == State::kOk; }));
}

TEST_F(Cache, StopsWhileAReadHangs) {
  files_->set_type(kNfs);
  options_.read_timeout = 50ms;
  options_.quiet = 0ms;
  ASSERT_EQ(text(), "V1");
  files_->hang("/run/canary-path/c1");
  EXPECT_EQ(text(), "V1");
  cache_.reset();  // must come back, and the late answer must find nothing of ours
  files_->release();
  EXPECT_TRUE(test::eventually([&] { return files_->hung() == 0; }));
}

TEST_F(Cache, RM01_NeverAnswersFromALookThatBeganBeforeTheQuestion) {  // R-19
  files_->set_type(kNfs);
  options_.quiet = 0ms;
  ASSERT_EQ(text(), "V1");
  files_->hang_at_end(true);
  std::thread earlier([&] { (void)text(); });
  ASSERT_TRUE(test::eventually([&] { return files_->hung() == 1; }));  // it has read V1
  files_->put("V2");
  std::atomic<bool> asks{false};
  std::string answer;
  std::thread later([&] {
    asks = true;
    answer = text();
  });
  ASSERT_TRUE(test::eventually([&] { return asks.load(); }));
  EXPECT_FALSE(test::eventually([&] { return files_->hung() != 1; }, 50ms));  // time to join the look that runs
  files_->release();
  earlier.join();
  later.join();
  EXPECT_EQ(answer, "V2");
}

TEST_F(Cache, SaysRefusedOfAValueAsLongAsAUserSaysSo) {
  load();
  const auto other = cache().note_refusal({name("c2")}, {Refused::kCertificate, clock_.system_now(), {}});
  EXPECT_EQ(cache().report(name("c1")).state, State::kOk);
  auto first = cache().note_refusal({name("c1"), name("c2")}, {Refused::kLogin, clock_.system_now(), "why"});
  const auto since = clock_.system_now();
  clock_.advance(7s);
  auto second = cache().note_refusal({name("c1")}, {Refused::kCertificate, clock_.system_now(), {}});
  auto report = cache().report(name("c1"));
  EXPECT_EQ(report.state, State::kRefused);
  EXPECT_EQ(report.reason, "login-refused");
  EXPECT_EQ(report.since, since) << "the oldest refusal";
  EXPECT_EQ(report.detail, "why");
  EXPECT_EQ(cache().reports_in_use().front().state, State::kRefused);
  EXPECT_EQ(cache().report(name("c1"), {"Client", "a", "secret"}).state, State::kOk) << "for a user whom it works";
  first.reset();
  EXPECT_EQ(cache().report(name("c1")).reason, "certificate-refused");
  second.reset();
  EXPECT_EQ(cache().report(name("c1")).state, State::kOk);
}

TEST_F(Cache, ARefusedValueWhoseFileIsGoneIsToldByItsFile) {
  load();
  const auto note = cache().note_refusal({name("c1")}, {Refused::kLogin, clock_.system_now(), {}});
  files_->fail_always(ENOENT);
  clock_.advance(1s);
  (void)resolve();
  EXPECT_EQ(cache().report(name("c1")).reason, "missing");
}

TEST_F(Cache, SharesLooksAmongConcurrentCallers) {  // R-19
  files_->set_type(kNfs);
  options_.quiet = 0ms;
  ASSERT_EQ(text(), "V1");
  files_->hang("/run/canary-path/c1");
  const int opens = files_->opens();
  std::vector<std::thread> callers;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&] {
      ++asked;
      if (text() == "V1") ++answered;
    });
  }
  ASSERT_TRUE(test::eventually([&] { return files_->hung() == 1 && asked == 16; }));
  files_->release();
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(answered, 16);
  EXPECT_LE(files_->opens() - opens, 12);  // two, but for callers that the scheduler held up before they could wait
}

TEST_F(Cache, ComparesOnTheCallersThreadWhereAFileSystemDoesNotHang) {
  options_.read_timeout = 200ms;
  load();
  const int opens = files_->opens();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text(), "V1");
  EXPECT_EQ(files_->opens(), opens + 100);
  files_->set_type(kNfs);
  cache().drop();
  EXPECT_EQ(text(), "V1");  // now it knows
  files_->hang("/run/canary-path/c1");
  EXPECT_EQ(text(), "V1");
  EXPECT_EQ(cache().report(name("c1")).reason, "io-error");
}

TEST_F(Cache, FA12_IsNotMisledByAClockThatIsSet) {
  load();
  int version = 1;
  for (const auto step : {-1h, 1h, 1h, -1h}) {
    clock_.step_system(step);
    EXPECT_EQ(text(), "V" + std::to_string(version));
    const auto wanted = "V" + std::to_string(++version);
    files_->put(wanted);
    EXPECT_EQ(text(Use::kOutboundAttempt), "V" + std::to_string(version - 1));  // quiet counts by the steady clock
    clock_.advance(100ms);
    EXPECT_EQ(text(), wanted);
    clock_.advance(29s);
    (void)text();
  }
  clock_.advance(5s);
  (void)text();
  clock_.step_system(-1h);
  files_->put_with_same_identity("V9");
  clock_.advance(30s);  // and so does the ttl
  (void)text();
  clock_.advance(100ms);
  EXPECT_EQ(text(), "V9");
}

TEST_F(Cache, LogsOneEventForOneFileAndNamesOfSeveralWithoutQuotes) {
  const auto use = [this](std::vector<std::string_view> names) {
    std::vector<BundleMember> members;
    for (const std::string_view one : names) members.push_back({name(one), ContentKind::kSingleLine, {}, {}});
    const auto bundle = cache().bundle(std::move(members));
    const Requester requester{"Client", "a", "secret"};
    (void)bundle->resolve(requester, Use::kOutboundAttempt);
    clock_.advance(100ms);
    const auto value = bundle->resolve(requester, Use::kOutboundAttempt);
    EXPECT_TRUE(value) << value.error().diagnostics;
  };
  use({"c1"});
  EXPECT_EQ(times_logged("secret/resolved"), 1);
  EXPECT_EQ(times_logged("secret/bundle-resolved"), 0) << log();
  use({"c1", "c2"});
  EXPECT_EQ(times_logged("secret/resolved"), 2);
  EXPECT_EQ(times_logged("secret/bundle-resolved"), 1);
  EXPECT_THAT(log(), HasSubstr(R"("secrets":"c1, c2")"));
}

}  // namespace
}  // namespace embergate::vault
