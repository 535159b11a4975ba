// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "embergate/vault/target_bindings.hpp"

namespace embergate::vault {
namespace {

using nlohmann::json;

// The names of a destination's parameters, where there is one.
struct Member {
  const char* name;
  std::string NamedTarget::* text;
};
constexpr std::array<Member, 5> kMembers{{{"securityProtocol", &NamedTarget::protocol},
                                          {"saslMechanism", &NamedTarget::mechanism},
                                          {"sslEndpointIdentificationAlgorithm", &NamedTarget::verification},
                                          {"authorities", &NamedTarget::authorities},
                                          {"url", &NamedTarget::url}}};

}  // namespace

std::string to_json(const NamedTarget& target) {
  json out = json::object();
  out["bootstrapServers"] = target.servers;
  for (const Member& member : kMembers) out[member.name] = target.*member.text;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<NamedTarget> target_from_json(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object()) return std::nullopt;
  NamedTarget target;
  const auto servers = in.find("bootstrapServers");
  if (servers == in.end() || !servers->is_array()) return std::nullopt;
  for (const json& server : *servers) {
    if (!server.is_string()) return std::nullopt;
    target.servers.push_back(server.get<std::string>());
  }
  for (const Member& member : kMembers) {
    const auto found = in.find(member.name);
    if (found == in.end() || !found->is_string()) return std::nullopt;
    target.*member.text = found->get<std::string>();
  }
  return target;
}

}  // namespace embergate::vault
