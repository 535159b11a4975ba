// SPDX-License-Identifier: Apache-2.0
// One GET to a gateway: the one that runs with these settings on this machine, or one that is named by its URL. Thread:
// main; blocks. Units: until `end` in all, answers of at most 16 MiB. Failure: an answer that did not come has no text,
// and says why. A credential goes only to what is known to be the gateway: by its certificate, which for an https URL
// must be vouched for by the system's authorities and be for its host; else by the place's proof. Without a credential
// this machine's own gateway is asked at its own address, whatever it shows.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "app/gateway_proof.hpp"
#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::app {

struct GatewayPlace {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  bool tls = false;
  bool verified = false;    // its certificate is
  std::string path = {};    // before that of each call: "/gateway"
  GatewayProof proof = {};  // empty: nothing but a verified certificate proves anything

  [[nodiscard]] std::string authority() const;  // "127.0.0.1:8080"
  [[nodiscard]] std::string url() const;
};

core::Result<GatewayPlace> place_of_settings(char** environment);  // kInvalid: BOX_WEB_PORT names no port
// kInvalid: it is no URL, or plain http to another machine, where the credential would go in clear.
core::Result<GatewayPlace> place_of_url(std::string_view url);

struct GatewayAnswer {
  bool connected = false;
  std::string why;   // when not: "no gateway answers", what is wrong with its certificate, or why it is not believed
  std::string text;  // head and body; empty: it said nothing

  [[nodiscard]] int status() const;  // 0: none
  [[nodiscard]] std::string first_line() const;
  [[nodiscard]] std::string body() const;
};

// `login`: "id:secret" of Basic authentication; empty: none.
GatewayAnswer ask_gateway(const GatewayPlace& place, std::string_view target, const vault::Secret& login,
                          std::chrono::steady_clock::time_point end);

}  // namespace embergate::app
