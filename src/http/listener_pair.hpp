// SPDX-License-Identifier: Apache-2.0
// One pair of certificate and key as OpenSSL wants it. Thread: immutable after making; connections that began with it
// keep what they need of it.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "embergate/http/listener_tls.hpp"

namespace embergate::http {

struct ListenerTls::Pair {
  // Connections are made from it on any thread; that changes nothing but counts of its own.
  mutable boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

}  // namespace embergate::http
