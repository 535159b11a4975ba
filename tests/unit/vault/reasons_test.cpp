// SPDX-License-Identifier: Apache-2.0
// Every reason code of R-48 with what an operator gets to see: which secret, what is wrong, what to do, no content.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "embergate/observability/log.hpp"
#include "embergate/vault/bundle.hpp"
#include "embergate/vault/explanations.hpp"
#include "support/fake_clock.hpp"
#include "support/pki.hpp"
#include "unit/vault/scripted_files.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kCanary = "cnry-0123456789abcdef";

struct Case {
  const char* reason;
  ContentKind kind;
  std::function<void(test::ScriptedFiles&)> make;
  const char* advice;  // a part of what the operator is told to do or look at
};

std::string canary(std::string_view before, std::string_view after = "") {
  return std::string(before) + std::string(kCanary) + std::string(after);
}

std::function<void(test::ScriptedFiles&)> content(std::string bytes) {
  return [bytes = std::move(bytes)](test::ScriptedFiles& files) { files.put(bytes); };
}
std::function<void(test::ScriptedFiles&)> fault(int error) {
  return [error](test::ScriptedFiles& files) { files.fail_always(error); };
}
std::function<void(test::ScriptedFiles&)> mode(mode_t bits) {
  return [bits](test::ScriptedFiles& files) { files.edit([&](auto& file) { file.mode = bits; }); };
}

std::string expired_pair() {
  const test::Authority root("root");
  test::IssueOptions gone;
  gone.not_before = std::chrono::system_clock::now() - 48h;
  gone.not_after = std::chrono::system_clock::now() - 24h;
  const auto issued = root.issue("leaf", gone);
  return issued.key + issued.certificate;
}

std::string mixed_pair() {
  const test::Authority root("root");
  return root.issue("a").key + root.issue("b").certificate;
}

std::vector<Case> all_cases() {
  using enum ContentKind;
  return {
      {"missing", kSingleLine, fault(ENOENT), "does not exist"},
      {"empty", kSingleLine, content(""), "an empty secret is never used"},
      {"empty", kSingleLine, content("\n"), "an empty secret is never used"},
      {"too-large", kSingleLine, content(canary("", std::string(65'536, 'x'))), "larger than"},
      {"not-regular", kSingleLine, mode(S_IFIFO | 0440), "not a regular file"},
      {"unreadable", kSingleLine, fault(EACCES), "give the group read access"},
      {"world-writable", kSingleLine, mode(S_IFREG | 0666), "BOX_VAULT_ALLOW_WORLD_WRITABLE"},
      {"changing", kSingleLine, [](test::ScriptedFiles& files) { files.change_while_reading(true); },
       "write a temporary file, then rename it"},
      {"nul-byte", kSingleLine, content(canary("", std::string("\0x", 2))), "NUL byte"},
      {"multi-line", kSingleLine, content(canary("", "\nx")), "one final newline is allowed"},
      {"bad-encoding", kSingleLine, content(canary("\xFF\xFE")), "UTF-8"},
      {"bad-encoding", kSingleLine, content(canary("\xEF\xBB\xBF")), "byte order mark"},
      {"bad-encoding", kBase64UrlKey, content(canary("", "=")), "UTF-8"},
      {"unrendered-template", kSingleLine, content(canary("", "<no value>")), "template that was not filled in"},
      {"unrendered-template", kSingleLine, content("{{ " + canary("") + " }}"), "template that was not filled in"},
      {"bad-jaas", kJaas, content(canary("no jaas ")), "ended by a semicolon (rule broken at 7)"},
      {"bad-header", kHeader, content("Host: " + canary("")), "one header line, Name: Value"},
      {"bad-pem", kPem, content(canary("-----BEGIN X-----\n")), "whole PEM text"},
      {"bad-pem", kPrivateKey, content("-----BEGIN PRIVATE KEY-----\n" + canary("") + "\n-----END PRIVATE KEY-----"),
       "the certificates or the key"},
      {"bad-pkcs12", kPkcs12, content(canary("\xFE\xED\xFE\xED")), "keytool -importkeystore"},
      {"pair-mismatch", kKeyAndChain, content(mixed_pair()), "best as one PEM file"},
      {"expired", kKeyAndChain, content(expired_pair()), "deliver a new one"},
      {"io-error", kSingleLine, fault(EMFILE), "the file system reported an error"},
      {"outside-roots", kSingleLine, fault(EXDEV), "BOX_VAULT_ALLOWED_ROOTS"},
  };
}

class Reasons : public ::testing::Test {
 protected:
  Reasons() {
    observability::log::capture([this](std::string_view line) {
      log_ += line;
      log_ += '\n';
    });
    // The certificates of these tests live in the machine's time.
    const auto now = std::chrono::time_point_cast<core::SystemTime::duration>(std::chrono::system_clock::now());
    clock_.step_system(now - clock_.system_now());
    options_.start_poll_thread = false;
    serve();
  }
  void show_names() {
    options_.names_in_metrics = true;
    serve();
  }
  void serve() {
    options_.faults = &faults_;
    options_.jaas_check = [](const Secret&) -> core::Result<void> {
      return core::make_error(core::ErrorCode::kInvalid, "rule broken at 7");
    };
    const auto config = VaultConfig::parse(
        R"({"secret":{"c1":{"path":"/run/hidden-path/c1","scope":["Client/a"]},
            "json":{"path":"/run/hidden-path/json","scope":["Client/a"],"json_pointer":"/password"}}})");
    cache_ = std::make_unique<SecretCache>(*config, options_, clock_, metrics_, files_);
  }
  ~Reasons() override {
    cache_.reset();
    observability::log::capture(nullptr);
  }
  core::Result<SecretValue> resolve(std::string_view name, ContentKind kind) {
    return cache_->resolve(*make_secret_name(name), {"Client", "a", "secret"}, kind, Use::kOutboundAttempt);
  }
  void expect(std::string_view name, const Case& one) {
    one.make(*files_);
    (void)resolve(name, one.kind);
    const auto refused = resolve(name, one.kind);
    ASSERT_FALSE(refused) << one.reason;
    const auto& text = refused.error().diagnostics;
    EXPECT_THAT(text, HasSubstr("secret \"" + std::string(name) + "\" cannot be used (" + one.reason + "): "));
    EXPECT_THAT(text, HasSubstr(one.advice));
    EXPECT_EQ(cache_->report(*make_secret_name(name)).reason, one.reason);
    EXPECT_THAT(log_, HasSubstr(std::string("\"reason\":\"") + one.reason + "\""));
    EXPECT_THAT(log_, HasSubstr("secret/resolve-failed"));
    EXPECT_EQ(times("secret/resolve-failed"), 1) << log_;  // once per transition
    expect_code(name, refused.error());
    for (const auto& said : {text, log_, metrics_.text()}) {
      EXPECT_THAT(said, Not(HasSubstr(std::string(kCanary)))) << one.reason;
      EXPECT_THAT(said, Not(HasSubstr("hidden-path"))) << one.reason;
      EXPECT_THAT(said, Not(HasSubstr("BEGIN"))) << one.reason;
    }
  }
  // Every surface has the same code.
  void expect_code(std::string_view name, const core::Error& error) {
    const std::string code(core::code_of(error.fault));
    EXPECT_NE(code, "") << error.diagnostics;
    const auto report = cache_->report(*make_secret_name(name));
    EXPECT_EQ(core::code_of(report.fault), code);
    EXPECT_THAT(error.diagnostics, HasSubstr(std::string(core::text_of(error.fault).explanation)));
    EXPECT_THAT(error.diagnostics, HasSubstr(std::string(core::text_of(error.fault).remedy)));
    EXPECT_THAT(log_, HasSubstr("\"code\":\"" + code + "\""));
    cache_->poll_once();
    ASSERT_EQ(faults_.active().size(), 1U);
    EXPECT_EQ(faults_.active()[0].key, "secret " + std::string(name));
    EXPECT_EQ(core::code_of(faults_.active()[0].fault), code);
    EXPECT_THAT(metrics_.text(), HasSubstr("embergate_faults{code=\"" + code + "\"} 1"));
    EXPECT_THAT(log_, Not(HasSubstr("fault/began"))) << "its line is written already";
  }
  int times(std::string_view part) const {
    int found = 0;
    for (auto at = log_.find(part); at != std::string::npos; at = log_.find(part, at + 1)) ++found;
    return found;
  }

  std::string log_;
  test::FakeClock clock_;
  observability::Metrics metrics_;
  observability::Faults faults_{clock_, metrics_};
  std::shared_ptr<test::ScriptedFiles> files_ = std::make_shared<test::ScriptedFiles>();
  SecretCache::Options options_;
  std::unique_ptr<SecretCache> cache_;
};

class EachReason : public Reasons, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(EachReason, SaysWhichSecretWhatIsWrongAndWhatToDoOnceAndWithoutContent) {
  expect("c1", all_cases()[GetParam()]);
}

std::string case_name(const ::testing::TestParamInfo<std::size_t>& tested) {
  std::string name = std::to_string(tested.param) + "_" + all_cases()[tested.param].reason;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(R48, EachReason, ::testing::Range(std::size_t{0}, all_cases().size()), case_name);

TEST_F(Reasons, BadJsonIsToldOfAFileWithoutTheString) {
  expect("json", {"bad-json", ContentKind::kSingleLine, content("{\"passwort\":\"" + canary("") + "\"}"),
                  "a string at the json_pointer"});
}

TEST_F(Reasons, RM16_PinnedDeletedIsToldOnceWhileTheValueStaysInUse) {
  files_->put("V1");
  files_->edit([](auto& file) { file.links = 0; });
  for (int i = 0; i < 4; ++i) {
    (void)resolve("c1", ContentKind::kSingleLine);
    clock_.advance(100ms);
  }
  EXPECT_TRUE(resolve("c1", ContentKind::kSingleLine));
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).state, State::kOk);
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).reason, "pinned-deleted");
  EXPECT_EQ(times("secret/pinned-deleted"), 1);
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).fault, core::Fault::kSecretPinnedDeleted);
  EXPECT_EQ(times("\"code\":\"secret.pinned-deleted\""), 1);
  EXPECT_THAT(log_, HasSubstr("mount the directory, not the file"));
}

TEST_F(Reasons, UnknownNamesAndForeignScopesAreReportedAsSuch) {
  const auto unknown = cache_->report(*make_secret_name("nobody"));
  EXPECT_EQ(unknown.state, State::kMissing);
  EXPECT_EQ(unknown.reason, "unknown-name");
  EXPECT_THAT(std::string(explanation_of("unknown-name")), HasSubstr("add an entry, and the config is read again"));
  const auto denied = cache_->report(*make_secret_name("c1"), {"Client", "b", "secret"});
  EXPECT_EQ(to_string(denied.state), "scope-denied");
  EXPECT_EQ(denied.fault, core::Fault::kSecretScope);
  const auto refused =
      cache_->resolve(*make_secret_name("c1"), {"Client", "b", "secret"}, ContentKind::kText, Use::kInbound);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, core::Fault::kSecretScope);
  EXPECT_THAT(log_, HasSubstr("\"code\":\"secret.scope\""));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_errors_total{code=\"secret.scope\"} 1"));
}

TEST_F(Reasons, AStaleValueHasACodeOfItsOwnUntilTheFileIsGoodAgain) {
  files_->put("V1");
  const auto watch = cache_->watch(*make_secret_name("c1"), ContentKind::kSingleLine, [](std::uint64_t) {});
  const auto look = [&] {
    cache_->poll_once();
    clock_.advance(100ms);
    cache_->poll_once();
  };
  look();
  EXPECT_TRUE(faults_.active().empty());
  files_->fail_always(ENOENT);
  look();
  ASSERT_EQ(faults_.active().size(), 1U);
  EXPECT_EQ(faults_.active()[0].fault, core::Fault::kSecretStale);
  EXPECT_THAT(faults_.active()[0].detail, HasSubstr("missing: its file does not exist"));
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).fault, core::Fault::kSecretStale);
  EXPECT_THAT(log_, HasSubstr("\"code\":\"secret.stale\""));
  files_->fail_always(0);
  clock_.advance(5s);
  look();
  EXPECT_TRUE(faults_.active().empty());
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).fault, core::Fault::kNone);
  EXPECT_EQ(times("fault/ended"), 1);
}

TEST_F(Reasons, ARefusedValueLastsAsAFaultUntilNoOneRefusesIt) {
  files_->put("V1");
  const auto watch = cache_->watch(*make_secret_name("c1"), ContentKind::kSingleLine, [](std::uint64_t) {});
  cache_->poll_once();
  clock_.advance(100ms);
  cache_->poll_once();
  auto note = cache_->note_refusal({*make_secret_name("c1")}, {Refused::kLogin, clock_.system_now(), "no"});
  cache_->poll_once();
  ASSERT_EQ(faults_.active().size(), 1U);
  EXPECT_EQ(faults_.active()[0].fault, core::Fault::kKafkaAuthRefused);
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).fault, core::Fault::kKafkaAuthRefused);
  note.reset();
  cache_->poll_once();
  EXPECT_TRUE(faults_.active().empty());
}

TEST_F(Reasons, AShortLivedCertificateIsNearItsEndInTheLastTwentiethOfItsLife) {
  Report day;
  day.state = State::kOk;
  day.not_before = clock_.system_now();
  day.not_after = clock_.system_now() + 24h;
  EXPECT_EQ(fault_of(day, clock_.system_now() + 22h), core::Fault::kNone) << "machines renew it later than that";
  EXPECT_EQ(fault_of(day, clock_.system_now() + 23h), core::Fault::kSecretExpires);
  EXPECT_EQ(fault_of(day, clock_.system_now() + 24h), core::Fault::kSecretExpired);
  Report year = day;
  year.not_after = clock_.system_now() + 24h * 365;
  EXPECT_EQ(fault_of(year, clock_.system_now() + 24h * 334), core::Fault::kNone);
  EXPECT_EQ(fault_of(year, clock_.system_now() + 24h * 335), core::Fault::kSecretExpires);
}

TEST_F(Reasons, AreAllExplained) {
  for (const auto& one : all_cases())
    EXPECT_NE(explanation_of(one.reason), explanation_of("no such code")) << one.reason;
  EXPECT_EQ(fault_of("no such code"), core::Fault::kNone);
  EXPECT_EQ(fault_of("unrendered-template"), core::Fault::kSecretUnrendered);
  EXPECT_EQ(fault_of("login-refused"), core::Fault::kKafkaAuthRefused);
  EXPECT_EQ(fault_of("broker-untrusted"), core::Fault::kKafkaTlsUntrusted);
  EXPECT_EQ(fault_of("certificate-unusable"), core::Fault::kSecretUnusable);
  for (const Refused what : {Refused::kLogin, Refused::kCertificate, Refused::kLoginUnusable,
                             Refused::kCertificateUnusable, Refused::kAuthorities})
    EXPECT_NE(explanation_of(to_string(what)), explanation_of("no such code")) << to_string(what);
}

TEST_F(Reasons, AL19_MetricsTellHowManySecretsAreInWhichStateAndNamesOnlyWhenWanted) {  // contract 6.1
  files_->put(canary(""));
  const auto quiet_watch = cache_->watch(*make_secret_name("c1"), ContentKind::kSingleLine, [](std::uint64_t) {});
  cache_->poll_once();
  clock_.advance(100ms);
  cache_->poll_once();
  EXPECT_THAT(metrics_.text(), HasSubstr(R"(embergate_vault_secrets{state="ok"} 1)"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_vault_secrets_oldest_seconds 0"));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("c1")));
  files_->fail_always(ENOENT);
  cache_->poll_once();
  EXPECT_THAT(metrics_.text(), HasSubstr(R"(embergate_vault_secrets{state="ok"} 0)"));
  EXPECT_THAT(metrics_.text(), HasSubstr(R"(embergate_vault_secrets{state="stale"} 1)"));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("c1")));
}

TEST_F(Reasons, AL19_StatesAreShownAsMetricsByNameAlone) {
  show_names();
  files_->put(canary(""));
  const auto watch = cache_->watch(*make_secret_name("c1"), ContentKind::kSingleLine, [](std::uint64_t) {});
  cache_->poll_once();
  clock_.advance(100ms);
  cache_->poll_once();
  auto text = metrics_.text();
  EXPECT_THAT(text, HasSubstr(R"(embergate_vault_secret_state{secret="c1",state="ok"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(embergate_vault_secret_generation{secret="c1"} 1)"));
  files_->fail_always(ENOENT);
  cache_->poll_once();
  text = metrics_.text();
  EXPECT_THAT(text, HasSubstr(R"(embergate_vault_secret_state{secret="c1",state="ok"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(embergate_vault_secret_state{secret="c1",state="stale"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(kCanary))));
  EXPECT_THAT(text, Not(HasSubstr("hidden-path")));
}

TEST_F(Reasons, EndsAreForeseenInMetricsReportsAndOneLogLinePerMark) {
  const test::Authority root("root");
  test::IssueOptions soon;
  soon.not_before = std::chrono::system_clock::now() - 24h * 90;
  soon.not_after = std::chrono::system_clock::now() + 24h * 6;
  const auto issued = root.issue("leaf", soon);
  files_->put(issued.key + issued.certificate);
  const auto watch = cache_->watch(*make_secret_name("c1"), ContentKind::kKeyAndChain, [](std::uint64_t) {});
  cache_->poll_once();
  clock_.advance(100ms);
  cache_->poll_once();
  const auto report = cache_->report(*make_secret_name("c1"));
  ASSERT_TRUE(report.not_after);
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_vault_secrets_days_left 5.9"));
  EXPECT_EQ(times("secret/expires-soon"), 1);
  EXPECT_THAT(log_, HasSubstr("runs out within 7 days"));
  EXPECT_EQ(report.fault, core::Fault::kSecretExpires);
  EXPECT_EQ(report.state, State::kOk);
  EXPECT_EQ(times("\"code\":\"secret.expires\""), 1);
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_faults{code=\"secret.expires\"} 1"));
  for (int i = 0; i < 3; ++i) {
    clock_.advance(1h);
    cache_->poll_once();
  }
  EXPECT_EQ(times("secret/expires-soon"), 1);
  clock_.advance(24h * 5);
  cache_->poll_once();
  EXPECT_EQ(times("secret/expires-soon"), 2);
  EXPECT_THAT(log_, HasSubstr("runs out within 1 day;"));
  clock_.advance(24h);
  cache_->poll_once();
  EXPECT_EQ(times("secret/expires-soon"), 3);
  EXPECT_EQ(cache_->report(*make_secret_name("c1")).reason, "expired");
  // What runs keeps it, since the peer decides (R-30).
  EXPECT_TRUE(cache_->resolve(*make_secret_name("c1"), {"Client", "a", "secret"}, ContentKind::kKeyAndChain,
                              Use::kOutboundRunning));
}

TEST_F(Reasons, ShortKeysAreWarnedAbout) {  // R-28
  files_->put(std::string(31, 'k'));
  const auto load = [&](ContentKind kind) {
    (void)resolve("c1", kind);
    clock_.advance(100ms);
    return resolve("c1", kind).has_value();
  };
  EXPECT_TRUE(load(ContentKind::kHmacKey));
  EXPECT_EQ(times("secret/short-key"), 1);
  files_->put(std::string(32, 'k'));
  EXPECT_TRUE(load(ContentKind::kHmacKey));
  EXPECT_EQ(times("secret/short-key"), 1);
  EXPECT_TRUE(load(ContentKind::kBase64UrlKey));  // 24 bytes
  EXPECT_EQ(times("secret/short-key"), 2);
  files_->put(std::string(43, 'k'));
  EXPECT_TRUE(load(ContentKind::kBase64UrlKey));  // 32 bytes
  EXPECT_EQ(times("secret/short-key"), 2);
}

}  // namespace
}  // namespace embergate::vault
