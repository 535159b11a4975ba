// SPDX-License-Identifier: Apache-2.0
#include "embergate/app/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "app/environment.hpp"

namespace embergate::app {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kMaxRootSecret = 8 * 1024;

auto millis(core::Milliseconds& target) {
  return [&target](std::int64_t value) { target = core::Milliseconds(value); };
}

auto size(std::size_t& target) {
  return [&target](std::int64_t value) { target = static_cast<std::size_t>(value); };
}

// Separated by commas or spaces.
std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find_first_of(", ", at), list.size());
    if (end > at) words.emplace_back(list.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

core::Result<void> read_trusted_proxies(Environment& environment, http::ServerOptions& web) {
  const std::vector<std::string> networks = words_of(environment.text("BOX_WEB_TRUSTED_PROXIES").value_or(""));
  if (networks.empty()) return {};
  auto proxies = http::TrustedProxies::parse(networks);
  if (!proxies)
    return core::make_error(core::ErrorCode::kInvalid, "BOX_WEB_TRUSTED_PROXIES: " + proxies.error().diagnostics);
  web.trusted_proxies = *std::move(proxies);
  return {};
}

core::Result<void> read_web(Environment& environment, Settings& settings) {
  if (auto host = environment.text("BOX_WEB_HOST")) settings.web.host = *host;
  if (environment.text("AIDBOX_PORT") && !environment.text("BOX_WEB_PORT"))
    settings.warnings.push_back("AIDBOX_PORT is the old name of BOX_WEB_PORT");
  const auto take_port = [&settings](std::int64_t port) { settings.web.port = static_cast<std::uint16_t>(port); };
  EG_CHECK(environment.number("AIDBOX_PORT", 0, 65535, take_port));
  EG_CHECK(environment.number("BOX_WEB_PORT", 0, 65535, take_port));
  if (auto url = environment.text("BOX_WEB_BASE_URL")) settings.base_url = *url;
  if (!settings.base_url.empty() &&
      (settings.base_url.ends_with('/') || settings.base_url.find("://") == std::string::npos)) {
    return core::make_error(
        core::ErrorCode::kInvalid,
        "BOX_WEB_BASE_URL must be an absolute URL without a slash at its end, such as https://gateway.example");
  }
  settings.tls_certificate = environment.text("BOX_WEB_TLS_CERT").value_or("");
  settings.tls_key = environment.text("BOX_WEB_TLS_KEY").value_or("");
  if (settings.tls_certificate.empty() && !settings.tls_key.empty()) {
    return core::make_error(core::ErrorCode::kInvalid,
                            "BOX_WEB_TLS_KEY is set and BOX_WEB_TLS_CERT is not: a listener needs both, or one file "
                            "with key and chain in BOX_WEB_TLS_CERT");
  }
  EG_CHECK(environment.number("BOX_WEB_MAX_BODY", 1024, 900'000'000, size(settings.max_body)));
  EG_CHECK(environment.number("BOX_WEB_MAX_ANSWER", 65'536, 4'294'967'296, size(settings.max_answer)));
  settings.max_answers_total = 4 * std::max(settings.max_answer, settings.max_body);
  EG_CHECK(
      environment.number("BOX_WEB_MAX_ANSWERS_TOTAL", 1'048'576, 1'099'511'627'776, size(settings.max_answers_total)));
  if (settings.max_answers_total < std::max(settings.max_answer, settings.max_body)) {
    return core::make_error(core::ErrorCode::kInvalid,
                            "BOX_WEB_MAX_ANSWERS_TOTAL must be at least BOX_WEB_MAX_ANSWER and BOX_WEB_MAX_BODY: one "
                            "answer has to fit");
  }
  settings.web.max_bodies_bytes = 16 * settings.max_body;
  EG_CHECK(environment.number("BOX_WEB_MAX_BODIES_TOTAL", 1'048'576, 1'099'511'627'776,
                              size(settings.web.max_bodies_bytes)));
  if (settings.web.max_bodies_bytes < settings.max_body) {
    return core::make_error(core::ErrorCode::kInvalid,
                            "BOX_WEB_MAX_BODIES_TOTAL must be at least BOX_WEB_MAX_BODY: one body has to fit");
  }
  EG_CHECK(environment.number("BOX_WEB_LIMIT_HEADER_BYTES", 1024, 1'048'576, size(settings.web.max_header_bytes)));
  EG_CHECK(environment.number("BOX_WEB_LIMIT_HEADER_FIELDS", 10, 1000, size(settings.web.max_header_fields)));
  EG_CHECK(environment.number("BOX_WEB_LIMIT_URL_BYTES", 256, 65536, size(settings.web.max_target_bytes)));
  EG_CHECK(environment.number("BOX_WEB_LIMIT_HEADER_DEADLINE_MS", 100, kDayMs, millis(settings.web.header_deadline)));
  EG_CHECK(environment.number("BOX_WEB_LIMIT_IDLE_MS", 100, kDayMs, millis(settings.web.idle_timeout)));
  EG_CHECK(read_trusted_proxies(environment, settings.web));
  EG_CHECK(environment.number("BOX_WEB_LIMIT_CONNECTIONS", 1, 1'000'000, size(settings.web.max_connections)));
  // One address does not take the places of all others, unless that was asked for.
  settings.web.max_connections_per_address =
      std::clamp<std::size_t>(settings.web.max_connections / 4, 1, settings.web.max_connections_per_address);
  return environment.number("BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS", 1, 1'000'000,
                            size(settings.web.max_connections_per_address));
}

core::Result<void> read_target_policy(Environment& environment, vault::ConfigRules& rules) {
  using vault::TargetMode;
  static constexpr std::array<TargetMode, 4> kPolicies{TargetMode::kOff, TargetMode::kWarn, TargetMode::kFirstUse,
                                                       TargetMode::kStrict};
  const auto policy = environment.text("BOX_VAULT_TARGET_POLICY").value_or("first-use");
  const auto* found = std::find_if(kPolicies.begin(), kPolicies.end(),
                                   [&](TargetMode mode) { return vault::to_string(mode) == policy; });
  if (found == kPolicies.end())
    return core::make_error(core::ErrorCode::kInvalid,
                            "BOX_VAULT_TARGET_POLICY must be off, warn, first-use or strict");
  rules.target_mode = *found;
  return {};
}

bool is_plain_directory(std::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.find("/./") == std::string_view::npos &&
         path.find("/../") == std::string_view::npos && !path.ends_with("/.") && !path.ends_with("/..");
}

core::Result<void> read_allowed_roots(Environment& environment, vault::ConfigRules& rules) {
  std::string all = environment.text("BOX_VAULT_ALLOWED_ROOTS").value_or("");
  while (!all.empty()) {
    const auto colon = std::min(all.find(':'), all.size());
    auto root = all.substr(0, colon);
    all.erase(0, colon + 1);
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    if (!is_plain_directory(root))
      return core::make_error(core::ErrorCode::kInvalid,
                              "BOX_VAULT_ALLOWED_ROOTS must be absolute directories without . and .., with colons "
                              "between them");
    rules.allowed_roots.push_back(std::move(root));
  }
  if (!rules.allowed_roots.empty() && !vault::can_confine_files())
    return core::make_error(core::ErrorCode::kInvalid,
                            "BOX_VAULT_ALLOWED_ROOTS needs the system call openat2 (Linux 5.6), which is not there or "
                            "not permitted");
  return {};
}

core::Result<void> read_vault(Environment& environment, Settings& settings) {
  if (auto old = environment.text("AIDBOX_VAULT_CONFIG")) {
    settings.vault_config = *old;
    settings.warnings.push_back("AIDBOX_VAULT_CONFIG is the old name of BOX_VAULT_CONFIG");
  }
  if (auto path = environment.text("BOX_VAULT_CONFIG")) settings.vault_config = *path;
  vault::SecretCache::Options& vault = settings.vault;
  EG_CHECK(environment.number("BOX_VAULT_CACHE_TTL_MS", 10, kDayMs, millis(vault.ttl)));
  EG_CHECK(environment.number("BOX_VAULT_POLL_MS", 10, kDayMs, millis(vault.poll)));
  EG_CHECK(environment.number("BOX_VAULT_QUIET_MS", 1, 60'000, millis(vault.quiet)));
  EG_CHECK(environment.number("BOX_VAULT_GRACE_MS", 0, kDayMs,
                              [&vault](std::int64_t value) { vault.grace = core::Milliseconds(value); }));
  EG_CHECK(environment.number("BOX_VAULT_PREVIOUS_SECRET_GRACE_MS", 0, kDayMs, millis(vault.previous_grace)));
  EG_CHECK(environment.number("BOX_VAULT_FORCED_REFRESH_MS", 1, 3'600'000, millis(vault.forced_refresh)));
  EG_CHECK(environment.number("BOX_VAULT_PAIR_MISMATCH_MS", 0, kDayMs, millis(vault.pair_mismatch)));
  EG_CHECK(environment.boolean("BOX_VAULT_ALLOW_WORLD_WRITABLE", vault.allow_world_writable));
  EG_CHECK(environment.boolean("BOX_VAULT_WIPE_FREED_MEMORY", settings.wipe_freed_memory));
  EG_CHECK(read_target_policy(environment, settings.vault_rules));
  settings.egress.allow_loopback = settings.vault_rules.target_mode != vault::TargetMode::kStrict;  // S-36
  EG_CHECK(read_allowed_roots(environment, settings.vault_rules));
  EG_CHECK(environment.boolean("BOX_VAULT_STRICT_REFERENCES", settings.strict_references));
  return environment.boolean("BOX_VAULT_ALLOW_INLINE", settings.allow_inline);
}

core::Result<void> read_root(Environment& environment, Settings& settings) {
  if (auto id = environment.text("BOX_ROOT_CLIENT_ID")) settings.root.id = *id;
  auto secret = environment.take_secret("BOX_ROOT_CLIENT_SECRET");
  const auto path = environment.text("BOX_ROOT_CLIENT_SECRET_FILE");
  if (secret) {
    settings.root.secret = vault::Secret(*std::move(secret));
    return {};
  }
  if (!path) {
    settings.warnings.push_back(
        "no BOX_ROOT_CLIENT_SECRET or BOX_ROOT_CLIENT_SECRET_FILE: only the open endpoints answer until a Client is "
        "allowed");
    return {};
  }
  std::ifstream in(*path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (content.ends_with('\n')) content.pop_back();
  if (content.ends_with('\r')) content.pop_back();
  const bool usable = in.is_open() && !content.empty() && content.size() <= kMaxRootSecret &&
                      content.find_first_of("\r\n") == std::string::npos;
  settings.root.secret = vault::Secret(std::move(content));
  if (!usable)
    return core::make_error(core::ErrorCode::kInvalid,
                            "BOX_ROOT_CLIENT_SECRET_FILE must name a readable file with one non-empty line");
  return {};
}

void read_outbound(Environment& environment, Settings& settings) {
  settings.egress.denied_networks = words_of(environment.text("BOX_EGRESS_DENY").value_or(""));
}

// The variables of AWS's own programs, under their names.
void read_aws(Environment& environment, kafka::AwsEnvironment& aws) {
  const auto text = [&](const char* name) { return environment.text(name).value_or(""); };
  const auto secret = [&](const char* name) { return vault::Secret(environment.take_secret(name).value_or("")); };
  aws.access_key_id = text("AWS_ACCESS_KEY_ID");
  aws.secret_access_key = secret("AWS_SECRET_ACCESS_KEY");
  aws.session_token = secret("AWS_SESSION_TOKEN");
  aws.shared_credentials_file = text("AWS_SHARED_CREDENTIALS_FILE");
  if (aws.shared_credentials_file.empty()) aws.shared_credentials_file = text("HOME") + "/.aws/credentials";
  aws.profile = text("AWS_PROFILE");
  aws.region = environment.text("AWS_REGION").value_or(text("AWS_DEFAULT_REGION"));
  aws.web_identity_token_file = text("AWS_WEB_IDENTITY_TOKEN_FILE");
  aws.role_arn = text("AWS_ROLE_ARN");
  aws.role_session_name = text("AWS_ROLE_SESSION_NAME");
  aws.endpoint_url_sts = text("AWS_ENDPOINT_URL_STS");
  aws.container_credentials_relative_uri = text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  aws.container_credentials_full_uri = text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  aws.container_authorization_token = secret("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  aws.container_authorization_token_file = text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
}

core::Result<void> read_fhir(Environment& environment, Settings& settings) {
  if (auto url = environment.text("BOX_FHIR_CREATEDAT_URL")) settings.created_at_url = *url;
  EG_CHECK(environment.boolean("BOX_FHIR_RETURN_404_ON_EMPTY_DELETE", settings.return_404_on_empty_delete));
  EG_CHECK(environment.boolean("BOX_FHIR_VALIDATION_SKIP_REFERENCE", settings.skip_reference_allowed));
  if (auto header = environment.text("BOX_MODULE_TOPICS_CORRELATION_ID_HEADER"))
    settings.correlation_id_header = *header;
  if (auto style = environment.text("BOX_MODULE_TOPICS_REQUEST_STYLE")) {
    if (*style != "aidbox" && *style != "fhir")
      return core::make_error(core::ErrorCode::kInvalid, "BOX_MODULE_TOPICS_REQUEST_STYLE must be fhir or aidbox");
    settings.aidbox_request_style = *style == "aidbox";
  }
  return {};
}

core::Result<void> read_rest(Environment& environment, Settings& settings) {
  if (auto id = environment.text("BOX_ID")) settings.box_id = *id;
  settings.database.path = environment.text("BOX_DB_PATH").value_or("embergate.db");
  EG_CHECK(environment.number("BOX_DB_READ_DEADLINE_MS", 100, 600'000, millis(settings.database.read_deadline)));
  EG_CHECK(environment.number("BOX_METRICS_PORT", 0, 65535, [&settings](std::int64_t port) {
    settings.metrics_port = static_cast<std::uint16_t>(port);
  }));
  EG_CHECK(environment.boolean("BOX_METRICS_SECRET_NAMES", settings.vault.names_in_metrics));
  if (auto bundle = environment.text("BOX_INIT_BUNDLE")) settings.init_bundle = *bundle;
  if (auto level = environment.text("BOX_OBSERVABILITY_STDOUT_LOG_LEVEL")) {
    settings.log_level = observability::log::level_from(*level, settings.log_level);
  }
  return {};
}

}  // namespace

core::Result<Settings> read_settings(char** variables) {
  Environment environment(variables);
  Settings settings;
  EG_CHECK(read_web(environment, settings));
  EG_CHECK(read_vault(environment, settings));
  EG_CHECK(read_root(environment, settings));
  EG_CHECK(read_fhir(environment, settings));
  EG_CHECK(read_rest(environment, settings));
  read_outbound(environment, settings);
  read_aws(environment, settings.aws);
  for (const std::string& name : environment.unknown_names())
    settings.warnings.push_back(fmt::format("{} is not a setting of this program", name));
  return settings;
}

}  // namespace embergate::app
