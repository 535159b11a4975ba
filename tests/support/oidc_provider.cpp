// SPDX-License-Identifier: Apache-2.0
#include "support/oidc_provider.hpp"

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "embergate/core/assert.hpp"
#include "support/http_client.hpp"

namespace embergate::test {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    std::fprintf(stderr, "%s is not set: scripts/test starts an OpenID provider and a broker that takes its tokens\n",
                 name);
    std::abort();
  }
  return value;
}

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::strtoul(url.c_str() + url.rfind(':') + 1, nullptr, 10));
}

}  // namespace

const OidcProvider& OidcProvider::get() {
  static const OidcProvider provider{variable("EG_OIDC_TOKEN_URL"), variable("EG_OIDC_CLIENT"),
                                     variable("EG_OIDC_SECRET"), variable("EG_KAFKA_OAUTH"),
                                     port_of(variable("EG_OIDC_ISSUER"))};
  return provider;
}

void OidcProvider::control(const std::string& command, const std::string& body) const {
  EG_ASSERT(request(port, "POST", "/control/" + command, {}, body).status == 204);
}

void OidcProvider::set_secret(const std::string& secret) const { set_secret_of(client, secret); }

void OidcProvider::set_secret_of(const std::string& other, const std::string& secret) const {
  control("secret", nlohmann::json{{"client", other}, {"secret", secret}}.dump());
}

void OidcProvider::publish_key() const { control("publish-key", "{}"); }
void OidcProvider::rotate_key() const { control("rotate-key", "{}"); }

void OidcProvider::set_lifetime(std::chrono::seconds life) const {
  control("lifetime", "{\"seconds\":" + std::to_string(life.count()) + "}");
}

}  // namespace embergate::test
