// SPDX-License-Identifier: Apache-2.0
// The files behind BOX_WEB_TLS_CERT and BOX_WEB_TLS_KEY as secrets like any other: an absolute path becomes an entry of
// its own that only the listener may use, a name is taken from the vault config. Thread: any. Failure: kInvalid
// naming the setting.
#pragma once

#include <string>

#include "embergate/app/settings.hpp"
#include "embergate/http/listener_certificate.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::app {

struct ListenerSettings {
  std::string certificate;  // BOX_WEB_TLS_CERT
  std::string key;          // BOX_WEB_TLS_KEY
};
ListenerSettings listener_settings(const Settings& settings);

core::Result<void> add_listener_files(const ListenerSettings& settings, vault::VaultConfig& config);
core::Result<http::ListenerFiles> listener_files(const ListenerSettings& settings);

}  // namespace embergate::app
