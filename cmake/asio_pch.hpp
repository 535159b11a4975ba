// SPDX-License-Identifier: Apache-2.0
// Precompiled for the units that write coroutines: what Asio costs to parse, once per module.
#pragma once
#include <boost/asio.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
