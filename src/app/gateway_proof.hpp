// SPDX-License-Identifier: Apache-2.0
// What shows that the other end of a connection is the gateway of these settings, before a credential goes there. One
// of two is enough: a user who may run the gateway holds its socket, or it shows the certificate of BOX_WEB_TLS_CERT.
// Thread: main. Ownership: by value. Failure: what cannot be found out proves nothing.
#pragma once

#include <openssl/types.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "embergate/app/settings.hpp"

namespace embergate::app {

struct GatewayProof {
  std::vector<uid_t> users = {};               // this process's own, root, and the known owner of BOX_DB_PATH
  std::vector<std::string> certificates = {};  // DER, of BOX_WEB_TLS_CERT; empty: none, or it cannot be read here
};

GatewayProof proof_of(const SettingsReading& reading);

bool may_run_the_gateway(const GatewayProof& proof, uid_t user);
// `shown`: by a peer that has proven to have its key; null: none.
bool is_its_certificate(const GatewayProof& proof, const X509* shown);

}  // namespace embergate::app
