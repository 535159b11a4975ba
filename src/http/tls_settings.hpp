// SPDX-License-Identifier: Apache-2.0
// What every TLS connection of the program has in common, and contexts for outbound ones (S-37).
// Thread: pure, or safe from any thread. Ownership: contexts are shared; connections keep what they need of them.
// Failure: kInvalid with a text that says what of the PEM is wrong, never what it holds.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "embergate/core/result.hpp"

namespace embergate::http {

// TLS 1.2 or newer, no compression, no renegotiation.
void harden(boost::asio::ssl::context& context);

// Contexts that verify the peer. The system's certificates take tens of milliseconds to read, so that context is kept.
class TrustStore {
 public:
  core::Result<std::shared_ptr<boost::asio::ssl::context>> context_for(const std::string& ca_pem, bool trust_system);

 private:
  core::Result<std::shared_ptr<boost::asio::ssl::context>> system();

  std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> system_;
};

}  // namespace embergate::http
