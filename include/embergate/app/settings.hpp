// SPDX-License-Identifier: Apache-2.0
// All settings of the program, read once from the environment (BOX_*, contract 5.8, and AWS_* for AWS MSK IAM). Only
// this module reads the environment. Thread: at start. Ownership: by value; the root client's secret moves on into the
// authenticator. Failure: every fault at once, each naming the variable, its value (never of a secret) and what it
// takes; BOX_* names that are no setting are faults unless BOX_STRICT_SETTINGS is false.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "embergate/auth/authenticator.hpp"
#include "embergate/core/result.hpp"
#include "embergate/http/client.hpp"
#include "embergate/http/server.hpp"
#include "embergate/kafka/token_sources.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::app {

struct Settings {
  http::ServerOptions web;              // BOX_WEB_HOST, BOX_WEB_PORT, BOX_WEB_LIMIT_*, BOX_WEB_TRUSTED_PROXIES
  std::string base_url;                 // BOX_WEB_BASE_URL; empty: http(s)://localhost:<port>
  std::string tls_certificate;          // BOX_WEB_TLS_CERT; an absolute path or a secret's name; empty: plain HTTP
  std::string tls_key;                  // BOX_WEB_TLS_KEY; empty: within the certificate's file
  std::size_t max_answer = 67'108'864;  // BOX_WEB_MAX_ANSWER
  std::size_t max_answers_total = 268'435'456;  // BOX_WEB_MAX_ANSWERS_TOTAL
  std::size_t max_body = 20'971'520;            // BOX_WEB_MAX_BODY
  std::string box_id = "devbox";                // BOX_ID
  store::SqliteOptions database;                // BOX_DB_PATH
  std::string vault_config;                     // BOX_VAULT_CONFIG; empty: off
  vault::SecretCache::Options vault;            // BOX_VAULT_*_MS
  vault::ConfigRules vault_rules;               // BOX_VAULT_TARGET_POLICY, BOX_VAULT_ALLOWED_ROOTS
  bool wipe_freed_memory = true;                // BOX_VAULT_WIPE_FREED_MEMORY
  bool strict_references = true;                // BOX_VAULT_STRICT_REFERENCES
  bool allow_inline = false;                    // BOX_VAULT_ALLOW_INLINE
  http::EgressRule egress;                      // BOX_EGRESS_DENY
  kafka::AwsEnvironment aws;                    // AWS_...
  std::optional<std::uint16_t> metrics_port;    // BOX_METRICS_PORT
  std::string init_bundle;                      // BOX_INIT_BUNDLE
  auth::RootClient root;                        // BOX_ROOT_CLIENT_ID, BOX_ROOT_CLIENT_SECRET or _FILE
  observability::log::Level log_level = observability::log::Level::kInfo;  // BOX_OBSERVABILITY_STDOUT_LOG_LEVEL
  std::optional<observability::log::Format> log_format;  // BOX_OBSERVABILITY_STDOUT_LOG_FORMAT; empty: by the terminal
  bool log_colour = true;                                // not where NO_COLOR is set, or TERM is dumb or absent
  std::string created_at_url = "ex:createdAt";           // BOX_FHIR_CREATEDAT_URL
  bool return_404_on_empty_delete = false;               // BOX_FHIR_RETURN_404_ON_EMPTY_DELETE
  bool skip_reference_allowed = false;                   // BOX_FHIR_VALIDATION_SKIP_REFERENCE
  std::string correlation_id_header = "x-topic-correlation-id";  // BOX_MODULE_TOPICS_CORRELATION_ID_HEADER
  bool aidbox_request_style = false;                             // BOX_MODULE_TOPICS_REQUEST_STYLE=aidbox
  std::vector<std::string> warnings;                             // old names, names of other programs
};

struct SettingsReading {
  Settings settings;                // as far as they can be used
  std::vector<std::string> faults;  // a line each; empty: all is fine
  std::vector<std::string> given;   // names of the settings that the environment holds
};

// `environment` as main() gets it: "NAME=value" strings, ended by nullptr. Secret values in it are overwritten once
// they are read.
SettingsReading read_all_settings(char** environment);
core::Result<Settings> read_settings(char** environment);  // kInvalid: all faults, with line breaks between

}  // namespace embergate::app
