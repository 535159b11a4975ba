// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/listener_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <string>

#include "http/listener_pair.hpp"
#include "http/tls_settings.hpp"

namespace embergate::http {
namespace asio = boost::asio;
using boost::system::error_code;

ListenerTls::ListenerTls() = default;
ListenerTls::~ListenerTls() = default;

core::Result<void> ListenerTls::take(std::string_view chain, std::string_view key) {
  auto pair = std::make_shared<Pair>();
  asio::ssl::context& context = pair->context;
  harden(context);
  // A session that was agreed under another certificate is not taken up again: a peer that returns sees the new one.
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
  // OpenSSL would ask on the terminal for the password of an encrypted key.
  context.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); });
  error_code failure;
  context.use_certificate_chain(asio::buffer(chain), failure);
  if (!failure) context.use_private_key(asio::buffer(key), asio::ssl::context::pem, failure);
  const bool fits = !failure && SSL_CTX_check_private_key(context.native_handle()) == 1;
  ERR_clear_error();
  if (!fits) {
    return core::make_error(core::ErrorCode::kInvalid,
                            "certificate and key must be PEM, belong together, and the key must not be encrypted");
  }
  pair_.store(std::move(pair));
  return {};
}

}  // namespace embergate::http
