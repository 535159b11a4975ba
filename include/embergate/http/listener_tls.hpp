// SPDX-License-Identifier: Apache-2.0
// The certificate and key that a server shows, replaced while it runs: handshakes that begin after take() see the new
// pair, open connections keep what they have (R-20, S-37). TLS 1.2 or newer, no renegotiation. Thread: any. Ownership:
// shared by the server and the one who brings new pairs. Failure: take() refuses what does not fit together and leaves
// what was there; without any pair handshakes fail.
#pragma once

#include <memory>
#include <string_view>

#include "embergate/core/result.hpp"
#include "embergate/core/snapshot.hpp"

namespace embergate::http {

class ListenerTls {
 public:
  ListenerTls();
  ~ListenerTls();
  ListenerTls(const ListenerTls&) = delete;
  ListenerTls& operator=(const ListenerTls&) = delete;

  // PEM: the chain leaf first, the key not encrypted; both may be the same text.
  core::Result<void> take(std::string_view chain, std::string_view key);

  struct Pair;
  [[nodiscard]] std::shared_ptr<const Pair> current() const { return pair_.load(); }  // null: none yet

 private:
  core::Snapshot<Pair> pair_;
};

}  // namespace embergate::http
