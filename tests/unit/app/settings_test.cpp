// SPDX-License-Identifier: Apache-2.0
#include "embergate/app/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_dir.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

using test::Variables;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

core::Result<Settings> read(std::vector<std::string> entries) {
  Variables variables(std::move(entries));
  return read_settings(variables.get());
}

std::vector<std::string> faults(std::vector<std::string> entries) {
  Variables variables(std::move(entries));
  return read_all_settings(variables.get()).faults;
}
std::vector<std::string> warnings(std::vector<std::string> entries) {
  entries.insert(entries.end(), {"BOX_ROOT_CLIENT_SECRET=x", "BOX_WEB_HOST=127.0.0.1"});
  Variables variables(std::move(entries));
  return read_all_settings(variables.get()).settings.warnings;
}

TEST(Settings, HaveTheDefaultsOfTheContract) {
  const auto settings = read({});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->web.port, 8080);
  EXPECT_EQ(settings->max_body, 20'971'520U);
  EXPECT_EQ(settings->box_id, "devbox");
  EXPECT_EQ(settings->vault.ttl, std::chrono::seconds(30));
  EXPECT_EQ(settings->vault.poll, std::chrono::seconds(5));
  EXPECT_TRUE(settings->root.secret.empty());
  EXPECT_FALSE(settings->metrics_port);
}

TEST(Settings, AreTakenFromTheEnvironment) {
  const auto settings = read({"BOX_WEB_PORT=9000", "BOX_WEB_BASE_URL=https://g.example", "BOX_DB_PATH=/d/x.db",
                              "BOX_VAULT_CACHE_TTL_MS=500", "BOX_METRICS_PORT=9100", "BOX_ROOT_CLIENT_SECRET=cnry",
                              "BOX_FHIR_VALIDATION_SKIP_REFERENCE=true"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->web.port, 9000);
  EXPECT_EQ(settings->base_url, "https://g.example");
  EXPECT_EQ(settings->database.path, "/d/x.db");
  EXPECT_EQ(settings->vault.ttl, std::chrono::milliseconds(500));
  EXPECT_EQ(settings->metrics_port, 9100);
  EXPECT_FALSE(settings->root.secret.empty());
  EXPECT_TRUE(settings->skip_reference_allowed);
}

TEST(Settings, BoundAnswersSoThatOneOfTheLargestResourceFits) {
  const auto defaults = read({});
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->max_answer, 67'108'864U);
  EXPECT_EQ(defaults->max_answers_total, 4 * defaults->max_answer);
  EXPECT_EQ(read({"BOX_WEB_MAX_BODY=500000000"})->max_answers_total, 2'000'000'000U);
  const auto refused = read({"BOX_WEB_MAX_ANSWERS_TOTAL=20000000"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().diagnostics.find("BOX_WEB_MAX_ANSWERS_TOTAL"), std::string::npos);
}

TEST(Settings, GiveOneAddressAQuarterOfTheConnectionsUnlessTheySayMore) {
  const auto of_an_address = [](const std::vector<std::string>& entries) {
    return read(entries)->web.max_connections_per_address;
  };
  EXPECT_EQ(of_an_address({}), 1'024U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=20"}), 5U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=2"}), 1U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=100000"}), 1'024U);
  EXPECT_EQ(of_an_address({"BOX_WEB_LIMIT_CONNECTIONS=20", "BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS=20"}), 20U);
}

TEST(Settings, SayWhereSecretsMayGoAndLie) {
  const auto settings = read({"BOX_VAULT_TARGET_POLICY=strict", "BOX_VAULT_ALLOWED_ROOTS=/run/secrets/:/etc/tls"});
  ASSERT_TRUE(settings) << settings.error().diagnostics;
  EXPECT_EQ(settings->vault_rules.target_mode, vault::TargetMode::kStrict);
  EXPECT_EQ(settings->vault_rules.allowed_roots, (std::vector<std::string>{"/run/secrets", "/etc/tls"}));
  EXPECT_FALSE(settings->egress.allow_loopback);
  EXPECT_EQ(read({})->vault_rules.target_mode, vault::TargetMode::kFirstUse);
  for (const auto mode :
       {vault::TargetMode::kOff, vault::TargetMode::kWarn, vault::TargetMode::kFirstUse, vault::TargetMode::kStrict}) {
    EXPECT_EQ(read({"BOX_VAULT_TARGET_POLICY=" + std::string(vault::to_string(mode))})->vault_rules.target_mode, mode);
  }
  EXPECT_TRUE(read({})->egress.allow_loopback);
  for (const char* entry : {"BOX_VAULT_TARGET_POLICY=none", "BOX_VAULT_ALLOWED_ROOTS=run", "BOX_VAULT_ALLOWED_ROOTS=/",
                            "BOX_VAULT_ALLOWED_ROOTS=/a::/b", "BOX_VAULT_ALLOWED_ROOTS=/a/../b"}) {
    const auto refused = read({entry});
    ASSERT_FALSE(refused) << entry;
    EXPECT_TRUE(std::string(entry).starts_with(refused.error().diagnostics.substr(0, 20)))
        << refused.error().diagnostics;
  }
}

TEST(Settings, NameTheVariableThatIsWrong) {
  for (const char* entry :
       {"BOX_WEB_PORT=70000", "BOX_WEB_PORT=http", "BOX_VAULT_POLL_MS=0", "BOX_FHIR_VALIDATION_SKIP_REFERENCE=yes",
        "BOX_WEB_BASE_URL=g.example", "BOX_WEB_BASE_URL=https://g.example/", "BOX_MODULE_TOPICS_REQUEST_STYLE=other"}) {
    const auto settings = read({entry});
    ASSERT_FALSE(settings) << entry;
    const std::string name = std::string(entry).substr(0, std::string(entry).find('='));
    EXPECT_NE(settings.error().diagnostics.find(name), std::string::npos) << settings.error().diagnostics;
  }
}

TEST(Settings, NameTheFilesOfTheListener) {
  const auto settings = read({"BOX_WEB_TLS_CERT=/tls/tls.crt", "BOX_WEB_TLS_KEY=web-key"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->tls_certificate, "/tls/tls.crt");
  EXPECT_EQ(settings->tls_key, "web-key");
  const auto alone = read({"BOX_WEB_TLS_KEY=/tls/tls.key"});
  ASSERT_FALSE(alone);
  EXPECT_NE(alone.error().diagnostics.find("BOX_WEB_TLS_CERT"), std::string::npos);
}

TEST(Settings, ListNetworksThatMayNotBeCalled) {
  const auto settings = read({"BOX_EGRESS_DENY=10.0.0.0/8, fd00::/8,192.0.2.1"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->egress.denied_networks, (std::vector<std::string>{"10.0.0.0/8", "fd00::/8", "192.0.2.1"}));
}

TEST(Settings, TakeTheVariablesOfAwsAndOverwriteItsSecrets) {
  Variables variables({"AWS_ACCESS_KEY_ID=AK", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
                       "AWS_DEFAULT_REGION=eu-west-1", "AWS_CONTAINER_AUTHORIZATION_TOKEN=auth", "HOME=/home/gw"});
  const auto settings = read_settings(variables.get());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->aws.access_key_id, "AK");
  EXPECT_FALSE(settings->aws.secret_access_key.empty());
  EXPECT_FALSE(settings->aws.session_token.empty());
  EXPECT_FALSE(settings->aws.container_authorization_token.empty());
  EXPECT_EQ(settings->aws.region, "eu-west-1");
  EXPECT_EQ(settings->aws.shared_credentials_file, "/home/gw/.aws/credentials");
  for (const std::size_t secret : {1U, 2U, 4U}) {
    const std::string& entry = variables.at(secret);
    EXPECT_EQ(entry.find_first_not_of('\0', entry.find('=') + 1), std::string::npos) << secret;
  }
}

TEST(Settings, AMisspeltNameEndsTheStartAndNamesTheNearest) {
  EXPECT_THAT(faults({"BOX_WEB_PROT=1", "BOX_VAULT_CONFG=/v.json", "BOX_NOTHING_LIKE_IT=cnry"}),
              UnorderedElementsAre("BOX_WEB_PROT is not a setting of this program; did you mean BOX_WEB_PORT?",
                                   "BOX_VAULT_CONFG is not a setting of this program; did you mean BOX_VAULT_CONFIG?",
                                   AllOf(StartsWith("BOX_NOTHING_LIKE_IT is not a setting"),
                                         HasSubstr("BOX_STRICT_SETTINGS=false"), Not(HasSubstr("cnry")))));
  EXPECT_THAT(faults({"BOX_WEB_PROT="}), IsEmpty()) << "an empty value counts as absent";
}

TEST(Settings, AMisspeltNameIsAWarningWhereSettingsAreNotStrict) {
  const std::vector<std::string> lax{"BOX_WEB_PROT=1", "BOX_STRICT_SETTINGS=false"};
  EXPECT_THAT(faults(lax), IsEmpty());
  EXPECT_THAT(warnings(lax), ElementsAre(HasSubstr("did you mean BOX_WEB_PORT?")));
}

TEST(Settings, NamesOfAidboxSayWhatStandsInTheirPlaceAndDoNotEndTheStart) {
  const std::vector<std::string> names{"BOX_DB_HOST",
                                       "BOX_DB_PORT",
                                       "BOX_DB_POOL_MAXIMUM_POOL_SIZE",
                                       "BOX_ADMIN_PASSWORD",
                                       "BOX_LICENSE",
                                       "BOX_SECURITY_DEV_MODE",
                                       "BOX_SETTINGS_MODE",
                                       "BOX_WEB_THREAD",
                                       "BOX_BOOTSTRAP_FHIR_PACKAGES",
                                       "BOX_FHIR_SCHEMA_VALIDATION",
                                       "BOX_VAULT_INLINE_KEY_FILE"};
  for (const std::string& name : names) {
    EXPECT_THAT(faults({name + "=cnry"}), IsEmpty());
    EXPECT_THAT(warnings({name + "=cnry"}),
                ElementsAre(AllOf(StartsWith(name + " is a setting of Aidbox that this gateway does not have"),
                                  Not(HasSubstr("cnry")), Not(HasSubstr("did you mean")))));
  }
  EXPECT_THAT(warnings({"BOX_DB_HOST=db"}), ElementsAre(HasSubstr("BOX_DB_PATH")));
}

TEST(Settings, VariablesThatKubernetesMakesForServicesAreNoMisspeltSettings) {
  const std::vector<std::string> made{"BOX_SERVICE_HOST=10.0.0.1",
                                      "BOX_SERVICE_PORT=8080",
                                      "BOX_SERVICE_PORT_HTTP=8080",
                                      "BOX_PORT=tcp://10.0.0.1:8080",
                                      "BOX_PORT_8080_TCP=tcp://10.0.0.1:8080",
                                      "BOX_PORT_8080_TCP_ADDR=10.0.0.1",
                                      "BOX_WEB_SERVICE_HOST=10.0.0.1",
                                      "BOX_WEB_PORT_80_TCP_PROTO=tcp"};
  EXPECT_THAT(faults(made), IsEmpty());
  EXPECT_THAT(warnings(made), IsEmpty());
  EXPECT_THAT(faults({"BOX_WEB_PORT=tcp://10.0.0.1:80"}), ElementsAre(HasSubstr("enableServiceLinks: false")));
}

TEST(Settings, AllFaultsAreToldAtOnceWithTheValueAndWhatIsAllowed) {
  EXPECT_THAT(
      faults({"BOX_WEB_PORT=http", "BOX_VAULT_POLL_MS=0", "BOX_VAULT_TARGET_POLICY=first_use",
              "BOX_FHIR_VALIDATION_SKIP_REFERENCE=yes", "BOX_WEB_BASE_URL=g.example/", "BOX_WEB_PROT=1",
              "BOX_OBSERVABILITY_STDOUT_LOG_LEVEL=verbose"}),
      UnorderedElementsAre(
          R"(BOX_WEB_PORT is "http": it must be a whole number from 0 to 65535)",
          R"(BOX_VAULT_POLL_MS is "0": it must be a whole number from 10 to 86400000)",
          R"(BOX_VAULT_TARGET_POLICY is "first_use": it must be one of off, warn, first-use, strict; did you mean first-use?)",
          R"(BOX_FHIR_VALIDATION_SKIP_REFERENCE is "yes": it must be true or false; did you mean true?)",
          StartsWith(R"(BOX_WEB_BASE_URL is "g.example/": it must be an absolute URL)"),
          "BOX_WEB_PROT is not a setting of this program; did you mean BOX_WEB_PORT?",
          R"(BOX_OBSERVABILITY_STDOUT_LOG_LEVEL is "verbose": it must be one of trace, debug, info, warn, error)"));
  EXPECT_THAT(faults({"BOX_OBSERVABILITY_STDOUT_LOG_LEVEL=WARNING"}), ElementsAre(HasSubstr("did you mean warn?")));
  EXPECT_THAT(read({"BOX_WEB_PORT=http", "BOX_VAULT_POLL_MS=0"}).error().diagnostics,
              AllOf(HasSubstr("BOX_WEB_PORT"), HasSubstr("\nBOX_VAULT_POLL_MS")));
}

TEST(Settings, NetworksAndNamesOfHeadersAreCheckedBeforeTheyAreUsed) {
  EXPECT_THAT(
      faults({"BOX_EGRESS_DENY=10.0.0.0/8,10.0.0.0/99", "BOX_WEB_TRUSTED_PROXIES=proxy",
              "BOX_MODULE_TOPICS_CORRELATION_ID_HEADER=x topic"}),
      UnorderedElementsAre(AllOf(StartsWith("BOX_EGRESS_DENY is "), HasSubstr("'10.0.0.0/99' is not a network")),
                           AllOf(StartsWith("BOX_WEB_TRUSTED_PROXIES is "), HasSubstr("'proxy' is not")),
                           HasSubstr("must be the name of a header")));
}

TEST(Settings, ValuesInMessagesStayOnOneShortLineAndTellNoPassword) {
  EXPECT_THAT(faults({"BOX_WEB_PORT=80\n80\x1b[2J"}), ElementsAre(StartsWith(R"(BOX_WEB_PORT is "80\n80\u001b[2J":)")));
  EXPECT_THAT(faults({"BOX_WEB_PORT=" + std::string(5'000, '8')}), ElementsAre(testing::SizeIs(testing::Lt(300U))));
  EXPECT_THAT(faults({"BOX_WEB_BASE_URL=https://user:cnry@g.example/"}),
              ElementsAre(AllOf(HasSubstr("https://***@g.example/"), Not(HasSubstr("cnry")))));
}

TEST(Settings, ADefaultBaseUrlIsWarnedAboutWhereOtherMachinesReachTheListener) {
  const auto warned = [](std::vector<std::string> entries) {
    entries.emplace_back("BOX_ROOT_CLIENT_SECRET=x");
    Variables variables(std::move(entries));
    return read_all_settings(variables.get()).settings.warnings;
  };
  EXPECT_THAT(warned({}), ElementsAre(AllOf(StartsWith("BOX_WEB_BASE_URL is not set"), HasSubstr("0.0.0.0"))));
  EXPECT_THAT(warned({"BOX_WEB_HOST=::"}), ElementsAre(StartsWith("BOX_WEB_BASE_URL is not set")));
  EXPECT_THAT(warned({"BOX_WEB_BASE_URL=https://g.example"}), IsEmpty());
  for (const char* loopback : {"127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"})
    EXPECT_THAT(warned({std::string("BOX_WEB_HOST=") + loopback}), IsEmpty()) << loopback;
}

TEST(Settings, TheOldVaultNameGivesWayToTheNewOne) {
  const auto settings =
      read({"AIDBOX_VAULT_CONFIG=/old", "BOX_VAULT_CONFIG=/new", "BOX_ROOT_CLIENT_SECRET=x", "BOX_WEB_HOST=127.0.0.1"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->vault_config, "/new");
  EXPECT_EQ(settings->warnings.size(), 1U);
}

TEST(Settings, OverwriteTheRootSecretWhereItStood) {
  Variables variables({"BOX_ROOT_CLIENT_SECRET=cnry-root"});
  ASSERT_TRUE(read_settings(variables.get()));
  EXPECT_EQ(variables.at(0).find("cnry"), std::string::npos);
}

TEST(Settings, ReadTheRootSecretFromAFileWithOneLine) {
  test::TempDir directory;
  EXPECT_TRUE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.write("good", "cnry\n")}));
  EXPECT_FALSE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.write("empty", "\n")}));
  EXPECT_FALSE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.write("two", "a\nb\n")}));
  EXPECT_FALSE(read({"BOX_ROOT_CLIENT_SECRET_FILE=" + directory.file("absent")}));
}

TEST(Settings, EachFaultOfTheRootSecretFileHasItsPathAndItsOwnReason) {
  test::TempDir directory;
  const auto fault = [](const std::string& path) {
    const auto all = faults({"BOX_ROOT_CLIENT_SECRET_FILE=" + path});
    return all.size() == 1 ? all.front() : std::string();
  };
  const auto expected = [](const std::string& path, const std::string& reason) {
    return "BOX_ROOT_CLIENT_SECRET_FILE: \"" + path + "\" " + reason;
  };
  const std::string absent = directory.file("absent");
  EXPECT_EQ(fault(absent), expected(absent, "does not exist"));
  const std::string folder = directory.path().string();
  EXPECT_EQ(fault(folder), expected(folder, "is a directory; it must be a file"));
  const std::string empty = directory.write("empty", "\n");
  EXPECT_EQ(fault(empty), expected(empty, "is empty; it must hold one line, the secret"));
  const std::string lines = directory.write("lines", "cnry-a\ncnry-b\n");
  EXPECT_EQ(fault(lines), expected(lines, "has more than one line; it must hold one, the secret"));
  const std::string large = directory.write("large", std::string(8'193, 'x'));
  EXPECT_EQ(fault(large), expected(large, "is larger than 8192 bytes"));
  EXPECT_EQ(fault(empty + "/below"), expected(empty + "/below", "lies beneath something that is no directory"));
  if (::geteuid() != 0) {
    ASSERT_EQ(::chmod(lines.c_str(), 0), 0);
    EXPECT_THAT(fault(lines), HasSubstr("may not be read by the user of this process"));
  }
  EXPECT_THAT(fault("cnry-the-secret-itself"), AllOf(HasSubstr("does not exist"), Not(HasSubstr("cnry"))));
}

}  // namespace
}  // namespace embergate::app
