// SPDX-License-Identifier: Apache-2.0
// Which addresses an outbound call may reach (S-36). The address is looked at, never the name: a name that resolves to
// something else the next time cannot pass. Thread: immutable after making. Failure: make() refuses what is no network.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <utility>

#include "embergate/core/result.hpp"
#include "embergate/http/client.hpp"
#include "http/networks.hpp"

namespace embergate::http {

class Egress {
 public:
  static core::Result<Egress> make(const EgressRule& rule);
  [[nodiscard]] bool permits(const boost::asio::ip::address& address) const;

 private:
  bool allow_loopback_ = true;
  Networks denied_;
};

}  // namespace embergate::http
