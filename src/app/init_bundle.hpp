// SPDX-License-Identifier: Apache-2.0
// BOX_INIT_BUNDLE (contract 5.7): resources that must exist before the first request is answered.
// Thread: a coroutine on the io executor, before the ports open; check_init_bundle() any. Failure: an unreachable file,
// something that is no Bundle, or a failed transaction ends the start; failed entries of a batch are warnings.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <string>

#include "embergate/core/result.hpp"
#include "embergate/interaction/interactions.hpp"

namespace embergate::app {

// What can be said without executing it: the file can be read and holds a Bundle of the right type.
core::Result<void> check_init_bundle(const std::string& location, std::size_t max_bytes);

boost::asio::awaitable<core::Result<void>> run_init_bundle(std::string location,
                                                           interaction::Interactions& interactions);

}  // namespace embergate::app
