// SPDX-License-Identifier: Apache-2.0
#include "app/unknown_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>

#include "app/settings_table.hpp"

namespace embergate::app {
namespace {

struct Foreign {
  std::string_view name;  // with "*" at its end: every name that begins so
  std::string_view instead;
};

constexpr std::string_view kDatabase = "the database is the file at BOX_DB_PATH";
constexpr std::string_view kAccess =
    "callers use Basic authentication, and AccessPolicy resources say what they may do";
constexpr std::string_view kShape = "resources are always checked against FHIR R4";
constexpr std::string_view kSearch = "there is no search";
constexpr std::string_view kLogs = "logs are lines of JSON on standard output, metrics are at BOX_METRICS_PORT";
constexpr std::string_view kNone = "nothing stands in its place";

// Names that Aidbox has, and their families (docs/migrate-from-aidbox.md).
constexpr std::array<Foreign, 11> kNames{{
    {"BOX_DB_HOST", kDatabase},
    {"BOX_DB_PORT", kDatabase},
    {"BOX_DB_NAME", kDatabase},
    {"BOX_DB_DATABASE", kDatabase},
    {"BOX_DB_USER", kDatabase},
    {"BOX_DB_PASSWORD", kDatabase},
    {"BOX_LICENSE", "no license is needed"},
    {"BOX_WEB_THREAD", "the number of threads follows from the number of cores"},
    {"BOX_SETTINGS_MODE", "settings are environment variables only"},
    {"BOX_VAULT_INLINE_KEY_FILE", "inline secrets are not in this version; resources name secrets of the vault config"},
    {"BOX_FHIR_PACKAGES", kShape},
}};
constexpr std::array<Foreign, 16> kFamilies{{
    {"BOX_DB_", kDatabase},
    {"BOX_ADMIN_", "the administrator is BOX_ROOT_CLIENT_ID with BOX_ROOT_CLIENT_SECRET_FILE"},
    {"BOX_AUTH_", kAccess},
    {"BOX_SECURITY_", kAccess},
    {"BOX_BOOTSTRAP_", kShape},
    {"BOX_FHIR_SEARCH_", kSearch},
    {"BOX_FHIR_", kShape},
    {"BOX_SEARCH_", kSearch},
    {"BOX_CLUSTER_", "one process works on one database"},
    {"BOX_OBSERVABILITY_", kLogs},
    {"BOX_LOGGING_", kLogs},
    {"BOX_COMPATIBILITY_", kNone},
    {"BOX_FEATURES_", kNone},
    {"BOX_MODULE_", kNone},
    {"BOX_CACHE_", kNone},
    {"BOX_WEB_CORS_", "answers carry no CORS headers; a proxy can add them"},
}};

const Foreign* find_foreign(std::string_view name) {
  const auto* const exact =
      std::find_if(kNames.begin(), kNames.end(), [&](const Foreign& one) { return one.name == name; });
  if (exact != kNames.end()) return exact;
  if (!nearest_setting(name).empty()) return nullptr;  // BOX_FHIR_CREATEDAT_URI is a slip and no setting of Aidbox
  const auto* const family =
      std::find_if(kFamilies.begin(), kFamilies.end(), [&](const Foreign& one) { return name.starts_with(one.name); });
  return family == kFamilies.end() ? nullptr : family;
}

bool is_made_by_kubernetes(const std::string& name, std::string_view value) {
  static const std::regex kService(
      "BOX_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|"
      "PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)");
  constexpr std::size_t kLongest = 256;
  if (name.size() > kLongest) return false;
  return std::regex_match(name, kService) || (name.ends_with("_PORT") && is_service_link(value));
}

}  // namespace

bool is_service_link(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

std::optional<UnknownSetting> judge_unknown_setting(std::string_view name, std::string_view value) {
  if (is_made_by_kubernetes(std::string(name), value)) return std::nullopt;
  if (const Foreign* foreign = find_foreign(name)) {
    return UnknownSetting{
        fmt::format("{} is a setting of Aidbox that this gateway does not have, and has no effect: {}", name,
                    foreign->instead),
        false};
  }
  const std::string_view nearest = nearest_setting(name);
  if (!nearest.empty())
    return UnknownSetting{fmt::format("{} is not a setting of this program; did you mean {}?", name, nearest), true};
  return UnknownSetting{
      fmt::format("{} is not a setting of this program; `embergate settings` lists all, and BOX_STRICT_SETTINGS=false "
                  "lets it pass with a warning",
                  name),
      true};
}

}  // namespace embergate::app
