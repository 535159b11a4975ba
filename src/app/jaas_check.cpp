// SPDX-License-Identifier: Apache-2.0
#include "app/jaas_check.hpp"

#include "embergate/kafka/jaas.hpp"

namespace embergate::app {

bool is_jaas_entry(const vault::Secret& content) {
  return content.with_plaintext([](std::string_view text) { return kafka::parse_jaas(text).has_value(); });
}

}  // namespace embergate::app
