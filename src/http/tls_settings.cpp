// SPDX-License-Identifier: Apache-2.0
#include "http/tls_settings.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>

namespace embergate::http {
namespace asio = boost::asio;
using Context = asio::ssl::context;
using core::Result;

namespace {

std::shared_ptr<Context> verifying_context() {
  auto context = std::make_shared<Context>(Context::tls_client);
  harden(*context);
  context->set_verify_mode(asio::ssl::verify_peer);
  return context;
}

Result<void> trust_system_certificates(Context& context) {
  boost::system::error_code failure;
  context.set_default_verify_paths(failure);
  if (!failure) return {};
  return core::make_error(core::ErrorCode::kUnavailable, "tls: the system's CA certificates cannot be read");
}

}  // namespace

void harden(Context& context) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // A connection that waits for its next request gives its buffers back.
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
}

Result<std::shared_ptr<Context>> TrustStore::system() {
  std::lock_guard lock(mutex_);
  if (system_) return system_;
  auto context = verifying_context();
  EG_CHECK(trust_system_certificates(*context));
  system_ = context;
  return context;
}

Result<std::shared_ptr<Context>> TrustStore::context_for(const std::string& ca_pem, bool trust_system) {
  if (ca_pem.empty()) return system();
  auto context = verifying_context();
  if (trust_system) EG_CHECK(trust_system_certificates(*context));
  boost::system::error_code failure;
  context->add_certificate_authority(asio::buffer(ca_pem), failure);
  ERR_clear_error();
  if (failure) return core::make_error(core::ErrorCode::kInvalid, "tls: the CA is not a PEM certificate");
  return context;
}

}  // namespace embergate::http
