// SPDX-License-Identifier: Apache-2.0
#include "kafka/transport_warnings.hpp"

#include <algorithm>

#include "embergate/observability/log.hpp"
#include "kafka/credential.hpp"

namespace embergate::kafka {

namespace log = observability::log;

bool only_loopback(std::string_view servers) {
  while (!servers.empty()) {
    const std::size_t comma = std::min(servers.find(','), servers.size());
    const std::string_view entry = servers.substr(0, comma);
    servers.remove_prefix(std::min(comma + 1, servers.size()));
    const std::string_view host = entry.substr(0, entry.rfind(':'));
    if (host != "localhost" && host != "[::1]" && !host.starts_with("127.")) return false;
  }
  return true;
}

void warn_of_weak_transport(const ConnectionSettings& settings) {
  if (secret_names(settings).empty() || !uses_sasl(settings)) return;
  const std::string names = secret_list(settings);
  if (settings.security_protocol == SecurityProtocol::kSaslPlaintext && !only_loopback(settings.bootstrap_servers)) {
    log::event(
        log::Level::kWarn, "secret/plaintext",
        "a secret crosses the network without TLS; use securityProtocol SASL_SSL",
        {{"secret", std::string_view(names)}, {"bootstrapServers", std::string_view(settings.bootstrap_servers)}});
  }
  if (settings.security_protocol == SecurityProtocol::kSaslSsl && !settings.verify_host_name) {
    log::event(
        log::Level::kWarn, "secret/unverified-host",
        "a secret goes to a broker whose name is not checked; remove sslEndpointIdentificationAlgorithm",
        {{"secret", std::string_view(names)}, {"bootstrapServers", std::string_view(settings.bootstrap_servers)}});
  }
}

}  // namespace embergate::kafka
