// SPDX-License-Identifier: Apache-2.0
#include "app/jaas_check.hpp"

#include "embergate/kafka/jaas.hpp"

namespace embergate::app {

core::Result<void> check_jaas_entry(const vault::Secret& content) {
  return content.with_plaintext([](std::string_view text) -> core::Result<void> {
    EG_CHECK(kafka::parse_jaas(text));
    return {};
  });
}

core::Result<void> check_jaas_entry_for(const vault::Secret& content, std::string_view mechanism) {
  return content.with_plaintext([&](std::string_view text) -> core::Result<void> {
    EG_TRY(const kafka::JaasLogin login, kafka::parse_jaas(text));
    return kafka::fits_mechanism(login.module, mechanism);
  });
}

}  // namespace embergate::app
