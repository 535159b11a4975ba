// SPDX-License-Identifier: Apache-2.0
#include "embergate/app/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/environment.hpp"
#include "app/secret_file.hpp"
#include "app/settings_table.hpp"
#include "app/unknown_settings.hpp"
#include "embergate/vault/target_policy.hpp"

namespace embergate::app {
namespace {

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

void read_trusted_proxies(Environment& environment, http::ServerOptions& web) {
  const std::vector<std::string> networks = words_of(environment.text("BOX_WEB_TRUSTED_PROXIES").value_or(""));
  if (networks.empty()) return;
  auto proxies = http::TrustedProxies::parse(networks);
  if (!proxies) return environment.refuse_value("BOX_WEB_TRUSTED_PROXIES", proxies.error().diagnostics);
  web.trusted_proxies = *std::move(proxies);
}

void read_address(Environment& environment, Settings& settings) {
  if (auto host = environment.text("BOX_WEB_HOST")) settings.web.host = *host;
  if (environment.text("AIDBOX_PORT") && !environment.text("BOX_WEB_PORT"))
    settings.warnings.push_back("AIDBOX_PORT is the old name of BOX_WEB_PORT");
  const auto take_port = [&settings](std::int64_t port) { settings.web.port = static_cast<std::uint16_t>(port); };
  environment.number("AIDBOX_PORT", take_port, "BOX_WEB_PORT");
  environment.number("BOX_WEB_PORT", take_port);
  if (auto url = environment.text("BOX_WEB_BASE_URL")) settings.base_url = *url;
  if (!settings.base_url.empty() &&
      (settings.base_url.ends_with('/') || settings.base_url.find("://") == std::string::npos)) {
    environment.refuse_value("BOX_WEB_BASE_URL",
                             "it must be an absolute URL without a slash at its end, such as https://gateway.example");
  }
  settings.tls_certificate = environment.text("BOX_WEB_TLS_CERT").value_or("");
  settings.tls_key = environment.text("BOX_WEB_TLS_KEY").value_or("");
  if (settings.tls_certificate.empty() && !settings.tls_key.empty()) {
    environment.refuse(
        "BOX_WEB_TLS_KEY is set and BOX_WEB_TLS_CERT is not: a listener needs both, or one file with key and chain in "
        "BOX_WEB_TLS_CERT");
  }
}

void read_sizes(Environment& environment, Settings& settings) {
  environment.number("BOX_WEB_MAX_BODY", size(settings.max_body));
  environment.number("BOX_WEB_MAX_ANSWER", size(settings.max_answer));
  settings.max_answers_total = 4 * std::max(settings.max_answer, settings.max_body);
  environment.number("BOX_WEB_MAX_ANSWERS_TOTAL", size(settings.max_answers_total));
  if (settings.max_answers_total < std::max(settings.max_answer, settings.max_body)) {
    environment.refuse_value("BOX_WEB_MAX_ANSWERS_TOTAL",
                             "it must be at least BOX_WEB_MAX_ANSWER and BOX_WEB_MAX_BODY: one answer has to fit");
  }
  settings.web.max_bodies_bytes = 16 * settings.max_body;
  environment.number("BOX_WEB_MAX_BODIES_TOTAL", size(settings.web.max_bodies_bytes));
  if (settings.web.max_bodies_bytes < settings.max_body) {
    environment.refuse_value("BOX_WEB_MAX_BODIES_TOTAL", "it must be at least BOX_WEB_MAX_BODY: one body has to fit");
  }
}

void read_limits(Environment& environment, http::ServerOptions& web) {
  environment.number("BOX_WEB_LIMIT_HEADER_BYTES", size(web.max_header_bytes));
  environment.number("BOX_WEB_LIMIT_HEADER_FIELDS", size(web.max_header_fields));
  environment.number("BOX_WEB_LIMIT_URL_BYTES", size(web.max_target_bytes));
  environment.number("BOX_WEB_LIMIT_HEADER_DEADLINE_MS", millis(web.header_deadline));
  environment.number("BOX_WEB_LIMIT_IDLE_MS", millis(web.idle_timeout));
  read_trusted_proxies(environment, web);
  environment.number("BOX_WEB_LIMIT_CONNECTIONS", size(web.max_connections));
  // One address does not take the places of all others, unless that was asked for.
  web.max_connections_per_address =
      std::clamp<std::size_t>(web.max_connections / 4, 1, web.max_connections_per_address);
  environment.number("BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS", size(web.max_connections_per_address));
}

void read_target_policy(Environment& environment, vault::ConfigRules& rules) {
  using vault::TargetMode;
  static constexpr std::array<TargetMode, 4> kPolicies{TargetMode::kOff, TargetMode::kWarn, TargetMode::kFirstUse,
                                                       TargetMode::kStrict};
  const auto policy = environment.choice("BOX_VAULT_TARGET_POLICY");
  if (!policy) return;
  const auto* found = std::find_if(kPolicies.begin(), kPolicies.end(),
                                   [&](TargetMode mode) { return vault::to_string(mode) == *policy; });
  if (found != kPolicies.end()) rules.target_mode = *found;
}

bool is_plain_directory(std::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.find("/./") == std::string_view::npos &&
         path.find("/../") == std::string_view::npos && !path.ends_with("/.") && !path.ends_with("/..");
}

void read_allowed_roots(Environment& environment, vault::ConfigRules& rules) {
  std::string all = environment.text("BOX_VAULT_ALLOWED_ROOTS").value_or("");
  while (!all.empty()) {
    const auto colon = std::min(all.find(':'), all.size());
    auto root = all.substr(0, colon);
    all.erase(0, colon + 1);
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    if (!is_plain_directory(root)) {
      rules.allowed_roots.clear();
      return environment.refuse_value(
          "BOX_VAULT_ALLOWED_ROOTS",
          fmt::format("{} is not an absolute directory without . and ..; directories have colons between them",
                      shown_value(root)));
    }
    rules.allowed_roots.push_back(std::move(root));
  }
  if (!rules.allowed_roots.empty() && !vault::can_confine_files())
    environment.refuse(
        "BOX_VAULT_ALLOWED_ROOTS needs the system call openat2 (Linux 5.6), which is not there or not permitted");
}

void read_vault(Environment& environment, Settings& settings) {
  if (auto old = environment.text("AIDBOX_VAULT_CONFIG")) {
    settings.vault_config = *old;
    settings.warnings.push_back("AIDBOX_VAULT_CONFIG is the old name of BOX_VAULT_CONFIG");
  }
  if (auto path = environment.text("BOX_VAULT_CONFIG")) settings.vault_config = *path;
  vault::SecretCache::Options& vault = settings.vault;
  environment.number("BOX_VAULT_CACHE_TTL_MS", millis(vault.ttl));
  environment.number("BOX_VAULT_POLL_MS", millis(vault.poll));
  environment.number("BOX_VAULT_QUIET_MS", millis(vault.quiet));
  environment.number("BOX_VAULT_GRACE_MS", [&vault](std::int64_t value) { vault.grace = core::Milliseconds(value); });
  environment.number("BOX_VAULT_PREVIOUS_SECRET_GRACE_MS", millis(vault.previous_grace));
  environment.number("BOX_VAULT_FORCED_REFRESH_MS", millis(vault.forced_refresh));
  environment.number("BOX_VAULT_PAIR_MISMATCH_MS", millis(vault.pair_mismatch));
  environment.boolean("BOX_VAULT_ALLOW_WORLD_WRITABLE", vault.allow_world_writable);
  settings.vault_rules.allow_world_writable = vault.allow_world_writable;
  environment.boolean("BOX_VAULT_WIPE_FREED_MEMORY", settings.wipe_freed_memory);
  read_target_policy(environment, settings.vault_rules);
  settings.egress.allow_loopback = settings.vault_rules.target_mode != vault::TargetMode::kStrict;  // S-36
  read_allowed_roots(environment, settings.vault_rules);
  environment.boolean("BOX_VAULT_STRICT_REFERENCES", settings.strict_references);
  environment.boolean("BOX_VAULT_ALLOW_INLINE", settings.allow_inline);
}

void read_root(Environment& environment, Settings& settings) {
  if (auto id = environment.text("BOX_ROOT_CLIENT_ID")) settings.root.id = *id;
  auto secret = environment.take_secret("BOX_ROOT_CLIENT_SECRET");
  const auto path = environment.text("BOX_ROOT_CLIENT_SECRET_FILE");
  if (secret) {
    settings.root.secret = vault::Secret(*std::move(secret));
    return;
  }
  if (!path) {
    settings.warnings.push_back(
        "no BOX_ROOT_CLIENT_SECRET or BOX_ROOT_CLIENT_SECRET_FILE: only the open endpoints answer until a Client is "
        "allowed");
    return;
  }
  auto read = read_secret_file(*path);
  if (!read) return environment.refuse("BOX_ROOT_CLIENT_SECRET_FILE: " + read.error().diagnostics);
  settings.root.secret = *std::move(read);
}

void read_outbound(Environment& environment, Settings& settings) {
  settings.egress.denied_networks = words_of(environment.text("BOX_EGRESS_DENY").value_or(""));
  // Networks have one notation in all settings.
  const auto networks = http::TrustedProxies::parse(settings.egress.denied_networks);
  if (!networks) environment.refuse_value("BOX_EGRESS_DENY", networks.error().diagnostics);
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

// A token of RFC 9110.
bool is_header_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

void read_fhir(Environment& environment, Settings& settings) {
  if (auto url = environment.text("BOX_FHIR_CREATEDAT_URL")) settings.created_at_url = *url;
  environment.boolean("BOX_FHIR_RETURN_404_ON_EMPTY_DELETE", settings.return_404_on_empty_delete);
  environment.boolean("BOX_FHIR_VALIDATION_SKIP_REFERENCE", settings.skip_reference_allowed);
  if (auto header = environment.text("BOX_MODULE_TOPICS_CORRELATION_ID_HEADER")) {
    settings.correlation_id_header = *header;
    if (!is_header_name(*header))
      environment.refuse_value("BOX_MODULE_TOPICS_CORRELATION_ID_HEADER",
                               "it must be the name of a header, such as x-topic-correlation-id");
  }
  settings.aidbox_request_style = environment.choice("BOX_MODULE_TOPICS_REQUEST_STYLE") == "aidbox";
}

void read_rest(Environment& environment, Settings& settings) {
  if (auto id = environment.text("BOX_ID")) settings.box_id = *id;
  settings.database.path = environment.text("BOX_DB_PATH").value_or("embergate.db");
  environment.number("BOX_DB_READ_DEADLINE_MS", millis(settings.database.read_deadline));
  environment.number("BOX_METRICS_PORT",
                     [&settings](std::int64_t port) { settings.metrics_port = static_cast<std::uint16_t>(port); });
  environment.boolean("BOX_METRICS_SECRET_NAMES", settings.vault.names_in_metrics);
  if (auto bundle = environment.text("BOX_INIT_BUNDLE")) settings.init_bundle = *bundle;
  if (auto level = environment.choice("BOX_OBSERVABILITY_STDOUT_LOG_LEVEL"))
    settings.log_level = observability::log::level_from(*level, settings.log_level);
  if (auto format = environment.choice("BOX_OBSERVABILITY_STDOUT_LOG_FORMAT"))
    settings.log_format = *format == "text" ? observability::log::Format::kText : observability::log::Format::kJson;
  const std::string terminal = environment.text("TERM").value_or("dumb");
  settings.log_colour = !environment.text("NO_COLOR") && terminal != "dumb";  // https://no-color.org
}

// Before secrets are overwritten.
std::vector<std::string> names_given(const Environment& environment) {
  std::vector<std::string> names;
  for (const Setting& row : settings_table()) {
    if (environment.text(std::string(row.name))) names.emplace_back(row.name);
  }
  for (const char* old : {"AIDBOX_PORT", "AIDBOX_VAULT_CONFIG"}) {
    if (environment.text(old)) names.emplace_back(old);
  }
  return names;
}

// Links that lead nowhere are found late: by those who follow them.
void warn_of_default_url(Settings& settings) {
  const std::string& host = settings.web.host;
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  if (!settings.base_url.empty() || vault::is_loopback_host(vault::normal_host(bare_v6 ? "[" + host + "]" : host)))
    return;
  settings.warnings.push_back(
      fmt::format("BOX_WEB_BASE_URL is not set, and the gateway listens on {}: links and references in answers and "
                  "notifications say localhost, which other machines cannot follow; set it to the URL that clients use",
                  host));
}

void judge_unknown(Environment& environment, Settings& settings) {
  bool strict = true;
  environment.boolean("BOX_STRICT_SETTINGS", strict);
  for (const auto& [name, value] : environment.unknown()) {
    auto judged = judge_unknown_setting(name, value);
    if (!judged) continue;
    if (judged->ends_start && strict) {
      environment.refuse(std::move(judged->text));
    } else {
      settings.warnings.push_back(std::move(judged->text));
    }
  }
}

}  // namespace

SettingsReading read_all_settings(char** variables) {
  Environment environment(variables);
  SettingsReading reading;
  reading.given = names_given(environment);
  Settings& settings = reading.settings;
  read_address(environment, settings);
  read_sizes(environment, settings);
  read_limits(environment, settings.web);
  read_vault(environment, settings);
  read_root(environment, settings);
  read_fhir(environment, settings);
  read_rest(environment, settings);
  read_outbound(environment, settings);
  read_aws(environment, settings.aws);
  warn_of_default_url(settings);
  judge_unknown(environment, settings);
  reading.faults = environment.faults();
  return reading;
}

core::Result<Settings> read_settings(char** variables) {
  SettingsReading reading = read_all_settings(variables);
  if (reading.faults.empty()) return std::move(reading.settings);
  return core::make_error(core::ErrorCode::kInvalid, fmt::format("{}", fmt::join(reading.faults, "\n")));
}

}  // namespace embergate::app
