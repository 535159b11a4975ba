// SPDX-License-Identifier: Apache-2.0
#include "app/settings_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/core/nearest.hpp"

namespace embergate::app {
namespace {

constexpr Setting number(std::string_view group, std::string_view name, std::int64_t least, std::int64_t most,
                         std::string_view fallback, std::string_view about) {
  return {name, group, SettingKind::kNumber, "", fallback, about, least, most};
}

constexpr Setting boolean(std::string_view group, std::string_view name, std::string_view fallback,
                          std::string_view about) {
  return {name, group, SettingKind::kBoolean, "true or false", fallback, about};
}

constexpr std::string_view kNetwork = "Network";
constexpr std::string_view kCallsToOtherServers = "Calls to other servers";
constexpr std::string_view kState = "State";
constexpr std::string_view kAccess = "Access";
constexpr std::string_view kSecrets = "Secrets";
constexpr std::string_view kFhir = "FHIR";
constexpr std::string_view kLogsAndTheStart = "Logs and the start";

constexpr std::array<Setting, 64> kSettings{{
    Setting{"BOX_WEB_HOST", kNetwork, SettingKind::kText, "address", "0.0.0.0",
            "where to listen, the metrics port too"},
    number(kNetwork, "BOX_WEB_PORT", 0, 65'535, "8080", "port of the API; 0: any free one"),
    Setting{"BOX_WEB_BASE_URL", kNetwork, SettingKind::kText, "URL without a slash at its end",
            "http://localhost:<port>, https with TLS", "the address that clients see, for links and references"},
    number(kNetwork, "BOX_WEB_MAX_BODY", 1024, 900'000'000, "20971520", "largest request body, bytes"),
    number(kNetwork, "BOX_WEB_MAX_ANSWER", 65'536, 4'294'967'296, "67108864", "bytes of resources in one answer"),
    number(kNetwork, "BOX_WEB_MAX_ANSWERS_TOTAL", 1'048'576, 1'099'511'627'776,
           "four times the larger of the two above", "bytes of resources in all answers that are not sent yet"),
    number(kNetwork, "BOX_WEB_MAX_BODIES_TOTAL", 1'048'576, 1'099'511'627'776, "sixteen times BOX_WEB_MAX_BODY",
           "bytes of all request bodies that are under way"),
    Setting{"BOX_WEB_TLS_CERT", kNetwork, SettingKind::kText, "absolute path or name of a secret", "off",
            "certificate chain of the API, or key and chain in one file; then HTTPS only"},
    Setting{"BOX_WEB_TLS_KEY", kNetwork, SettingKind::kText, "absolute path or name of a secret", "in the file above",
            "private key of the API"},
    number(kNetwork, "BOX_METRICS_PORT", 0, 65'535, "off", "port of /metrics, without authentication"),
    boolean(kNetwork, "BOX_METRICS_SECRET_NAMES", "false",
            "also show metrics of each secret, with its name as a label"),
    number(kNetwork, "BOX_WEB_LIMIT_HEADER_BYTES", 1024, 1'048'576, "16384",
           "bytes of request line and headers together"),
    number(kNetwork, "BOX_WEB_LIMIT_HEADER_FIELDS", 10, 1000, "100", "number of headers"),
    number(kNetwork, "BOX_WEB_LIMIT_URL_BYTES", 256, 65'536, "8192", "bytes of the request target"),
    number(kNetwork, "BOX_WEB_LIMIT_HEADER_DEADLINE_MS", 100, 86'400'000, "10000",
           "until a request's headers are complete"),
    number(kNetwork, "BOX_WEB_LIMIT_IDLE_MS", 100, 86'400'000, "60000", "between two requests of a connection"),
    number(kNetwork, "BOX_WEB_LIMIT_CONNECTIONS", 1, 1'000'000, "4096", "open connections"),
    number(kNetwork, "BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS", 1, 1'000'000, "a quarter of the above, at most 1024",
           "open connections of one address"),
    Setting{"BOX_WEB_TRUSTED_PROXIES", kNetwork, SettingKind::kText,
            "networks or addresses, with commas or blanks between", "none", "proxies whose headers name the caller"},
    Setting{"BOX_EGRESS_DENY", kCallsToOtherServers, SettingKind::kText,
            "networks or addresses, with commas or blanks between", "none", "further networks that may not be called"},
    Setting{"AWS_ACCESS_KEY_ID", kCallsToOtherServers, SettingKind::kText, "text", "none", "key id for AWS MSK IAM"},
    Setting{"AWS_SECRET_ACCESS_KEY", kCallsToOtherServers, SettingKind::kSecret, "text", "none", "key for AWS MSK IAM"},
    Setting{"AWS_SESSION_TOKEN", kCallsToOtherServers, SettingKind::kSecret, "text", "none",
            "token of a temporary key for AWS MSK IAM"},
    Setting{"AWS_WEB_IDENTITY_TOKEN_FILE", kCallsToOtherServers, SettingKind::kText, "path", "none",
            "file with the token of a web identity (EKS)"},
    Setting{"AWS_ROLE_ARN", kCallsToOtherServers, SettingKind::kText, "text", "none", "role of the web identity"},
    Setting{"AWS_ROLE_SESSION_NAME", kCallsToOtherServers, SettingKind::kText, "text", "none",
            "session name of the web identity"},
    Setting{"AWS_ENDPOINT_URL_STS", kCallsToOtherServers, SettingKind::kText, "URL", "none",
            "where a web identity is exchanged"},
    Setting{"AWS_SHARED_CREDENTIALS_FILE", kCallsToOtherServers, SettingKind::kText, "path", "~/.aws/credentials",
            "shared credentials file"},
    Setting{"AWS_PROFILE", kCallsToOtherServers, SettingKind::kText, "text", "default",
            "profile within the shared credentials file"},
    Setting{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", kCallsToOtherServers, SettingKind::kText, "text", "none",
            "container endpoint (ECS), as a path"},
    Setting{"AWS_CONTAINER_CREDENTIALS_FULL_URI", kCallsToOtherServers, SettingKind::kText, "URL", "none",
            "container endpoint (EKS Pod Identity)"},
    Setting{"AWS_CONTAINER_AUTHORIZATION_TOKEN", kCallsToOtherServers, SettingKind::kSecret, "text", "none",
            "token for the container endpoint"},
    Setting{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", kCallsToOtherServers, SettingKind::kText, "path", "none",
            "file with the token for the container endpoint"},
    Setting{"AWS_REGION", kCallsToOtherServers, SettingKind::kText, "text", "none",
            "region, where the bootstrap host names none"},
    Setting{"AWS_DEFAULT_REGION", kCallsToOtherServers, SettingKind::kText, "text", "none",
            "region, where AWS_REGION is absent"},
    Setting{"BOX_DB_PATH", kState, SettingKind::kText, "path", "embergate.db", "the database file"},
    number(kState, "BOX_DB_READ_DEADLINE_MS", 100, 600'000, "10000", "how long one read of the database may take"),
    Setting{"BOX_INIT_BUNDLE", kState, SettingKind::kText, "path or file:// URL", "none",
            "transaction or batch bundle that is executed at every start"},
    Setting{"BOX_ID", kState, SettingKind::kText, "text", "devbox",
            "name of this gateway in logs and in ids of messages"},
    Setting{"BOX_ROOT_CLIENT_ID", kAccess, SettingKind::kText, "text", "root", "name of the administrator"},
    Setting{"BOX_ROOT_CLIENT_SECRET", kAccess, SettingKind::kSecret, "text", "none", "secret of the administrator"},
    Setting{"BOX_ROOT_CLIENT_SECRET_FILE", kAccess, SettingKind::kText, "path", "none",
            "file with one line, the secret of the administrator"},
    Setting{"BOX_VAULT_CONFIG", kSecrets, SettingKind::kText, "path", "off",
            "the vault config; read again when it changes"},
    number(kSecrets, "BOX_VAULT_CACHE_TTL_MS", 10, 86'400'000, "30000", "a file is read at least this often"),
    number(kSecrets, "BOX_VAULT_POLL_MS", 10, 86'400'000, "5000",
           "files in use and the vault config are looked at this often"),
    number(kSecrets, "BOX_VAULT_QUIET_MS", 1, 60'000, "100",
           "how long a new value must stay the same before it counts"),
    number(kSecrets, "BOX_VAULT_GRACE_MS", 0, 86'400'000, "as BOX_VAULT_CACHE_TTL_MS",
           "how long the last good value of a missing or broken file still admits clients"),
    number(kSecrets, "BOX_VAULT_PREVIOUS_SECRET_GRACE_MS", 0, 86'400'000, "0",
           "how long the value before a rotation still admits clients"),
    number(kSecrets, "BOX_VAULT_FORCED_REFRESH_MS", 1, 3'600'000, "1000",
           "at most one forced read of a file in this time"),
    number(kSecrets, "BOX_VAULT_PAIR_MISMATCH_MS", 0, 86'400'000, "60000",
           "how long certificate and key may not fit before it is reported"),
    Setting{"BOX_VAULT_TARGET_POLICY", kSecrets, SettingKind::kChoice, "off, warn, first-use, strict", "first-use",
            "where secrets without pins may go"},
    Setting{"BOX_VAULT_ALLOWED_ROOTS", kSecrets, SettingKind::kText, "absolute directories, with colons between",
            "none", "secret files must lie beneath one of these"},
    boolean(kSecrets, "BOX_VAULT_ALLOW_WORLD_WRITABLE", "false",
            "accept secret files and a vault config that everybody may write"),
    boolean(kSecrets, "BOX_VAULT_WIPE_FREED_MEMORY", "true", "overwrite all memory before it is freed"),
    boolean(kSecrets, "BOX_VAULT_STRICT_REFERENCES", "true", "refuse a resource that names an unknown secret"),
    boolean(kSecrets, "BOX_VAULT_ALLOW_INLINE", "false", "no effect but on the text of a refusal"),
    Setting{"BOX_FHIR_CREATEDAT_URL", kFhir, SettingKind::kText, "URL", "ex:createdAt",
            "URL of the extension that tells when a resource was created"},
    boolean(kFhir, "BOX_FHIR_RETURN_404_ON_EMPTY_DELETE", "false", "DELETE of what is not there: 404 instead of 204"),
    boolean(kFhir, "BOX_FHIR_VALIDATION_SKIP_REFERENCE", "false",
            "whether the header aidbox-validation-skip: reference is obeyed"),
    Setting{"BOX_MODULE_TOPICS_CORRELATION_ID_HEADER", kFhir, SettingKind::kText, "name of a header",
            "x-topic-correlation-id", "request header that is copied into notifications"},
    Setting{"BOX_MODULE_TOPICS_REQUEST_STYLE", kFhir, SettingKind::kChoice, "fhir, aidbox", "fhir",
            "how notifications show updates"},
    Setting{"BOX_OBSERVABILITY_STDOUT_LOG_LEVEL", kLogsAndTheStart, SettingKind::kChoice,
            "trace, debug, info, warn, error", "info", "the least level that is logged"},
    Setting{"BOX_OBSERVABILITY_STDOUT_LOG_FORMAT", kLogsAndTheStart, SettingKind::kChoice, "json, text",
            "text on a terminal, else json", "one JSON object a line, or text in columns"},
    boolean(kLogsAndTheStart, "BOX_STRICT_SETTINGS", "true", "whether an unknown BOX_* name ends the start"),
}};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

// What people write for true and false elsewhere.
std::string_view nearest_boolean(std::string_view lower) {
  constexpr std::array<std::string_view, 5> kTrue{"true", "yes", "on", "1", "y"};
  constexpr std::array<std::string_view, 5> kFalse{"false", "no", "off", "0", "n"};
  if (std::find(kTrue.begin(), kTrue.end(), lower) != kTrue.end()) return "true";
  if (std::find(kFalse.begin(), kFalse.end(), lower) != kFalse.end()) return "false";
  core::Nearest nearest(lower, 2);
  nearest.offer("true");
  nearest.offer("false");
  return nearest.name();
}

}  // namespace

std::span<const Setting> settings_table() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  const auto* const found =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& row) { return row.name == name; });
  return found == kSettings.end() ? nullptr : found;
}

std::string allowed_values(const Setting& setting) {
  if (setting.kind == SettingKind::kNumber) return fmt::format("{} to {}", setting.least, setting.most);
  return std::string(setting.form);
}

std::string_view nearest_setting(std::string_view name) {
  core::Nearest nearest(name, name.size() / 5 + 1);
  for (const Setting& row : kSettings) nearest.offer(row.name);
  return nearest.name();
}

std::string_view nearest_word(const Setting& setting, std::string_view word) {
  const std::string lower = in_lower_case(word);
  if (setting.kind == SettingKind::kBoolean) return nearest_boolean(lower);
  if (setting.kind != SettingKind::kChoice) return {};
  core::Nearest nearest(lower, lower.size() / 3 + 1);
  for (std::string_view rest = setting.form; !rest.empty();) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    nearest.offer(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return nearest.name();
}

std::string settings_help() {
  std::string groups;
  std::string_view last;
  for (const Setting& row : kSettings) {
    if (row.group == last) continue;
    last = row.group;
    const auto in_group = [&](const Setting& other) { return other.group == row.group; };
    groups += fmt::format("  {} ({} settings, {} ...)\n", row.group,
                          std::count_if(kSettings.begin(), kSettings.end(), in_group), row.name);
  }
  return "Settings are environment variables, in these groups; `embergate settings` lists them all:\n" + groups +
         "\nExamples:\n" + std::string(settings_examples());
}

std::string_view settings_examples() {
  return "  BOX_WEB_PORT=9090 BOX_DB_PATH=/var/lib/embergate/gateway.db embergate serve\n"
         "  BOX_VAULT_CONFIG=/etc/embergate/vault.json embergate check\n"
         "  embergate settings --json\n";
}

}  // namespace embergate::app
