// SPDX-License-Identifier: Apache-2.0
#include "vault/config_pins.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "embergate/vault/target_policy.hpp"
#include "vault/config_json.hpp"

namespace embergate::vault {
namespace {

using core::Result;
using nlohmann::json;

// Empty: malformed.
std::string server_from(const std::string& text) {
  const bool wildcard = text.starts_with("*.");
  const auto normal = normal_server(wildcard ? std::string_view(text).substr(2) : std::string_view(text));
  // "*.org:9092" would be half of the world.
  const bool too_wide = wildcard && normal.find('.') == std::string::npos;
  return normal.empty() || too_wide ? std::string() : (wildcard ? "*." : "") + normal;
}

std::string url_from(const std::string& text) {
  const bool has_query = text.find_first_of("?#") != std::string::npos;
  return has_query || !normal_url(text) ? std::string() : text;
}

Result<void> take_list(std::string_view pointer, const json& list, std::string (*read)(const std::string&),
                       std::string_view form, std::vector<std::string>& target) {
  if (!list.is_array()) return config_refusal(pointer, "must be a list of strings");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto here = config_pointer(pointer, std::to_string(i));
    if (!list[i].is_string()) return config_refusal(here, "must be a string");
    auto text = read(list[i].get_ref<const std::string&>());
    if (text.empty()) return config_refusal(here, form);
    target.push_back(std::move(text));
  }
  return {};
}

}  // namespace

Result<Pins> pins_from(std::string_view pointer, const json& value) {
  if (!value.is_object()) return config_refusal(pointer, "must be an object with bootstrapServers, url, or both");
  Pins pins;
  for (const auto& [key, member] : value.items()) {
    const auto here = config_pointer(pointer, key);
    if (key == "bootstrapServers") {
      EG_CHECK(take_list(here, member, server_from, "must be host:port; *.domain:port stands for every host below",
                         pins.servers));
    } else if (key == "url") {
      EG_CHECK(take_list(here, member, url_from,
                         "must be the beginning of http or https URLs: scheme, host and path, without userinfo, query "
                         "and fragment, and without %2F, %5C and %2E in the path; an international host in its xn-- "
                         "form",
                         pins.urls));
    } else {
      // To ignore it would promise a protection that is not there.
      return config_refusal(here, "unknown member of allow; only bootstrapServers and url are known");
    }
  }
  if (pins.servers.empty() && pins.urls.empty())
    return config_refusal(pointer, "allows no target, so that the secret could never be sent; name one");
  return pins;
}

}  // namespace embergate::vault
