// SPDX-License-Identifier: Apache-2.0
// Names to addresses, off the caller's thread. The system's call cannot be cut short, so it runs on a thread of its own
// that no one waits for: a server that does not answer costs the caller its deadline and no more. Thread: any; `done`
// is called exactly once, from any thread or before the call returns. Bound: kMostLookups at a time. Failure: an empty
// list: unknown, no answer, or too many at a time.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <string>
#include <vector>

namespace embergate::http {

using Addresses = std::vector<boost::asio::ip::address>;
void look_up(const std::string& host, std::function<void(Addresses)> done);

}  // namespace embergate::http
