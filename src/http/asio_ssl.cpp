// SPDX-License-Identifier: Apache-2.0
// The one unit that holds Asio's own code for TLS (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/ssl/impl/src.hpp>
