// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace embergate::app {
namespace {

// Above that, loops over all descriptors, as some libraries do them, begin to cost.
constexpr rlim_t kMostDescriptors = 65'536;
constexpr std::size_t kLeastReserve = 256;
constexpr std::size_t kMostReserve = 16'384;
constexpr std::size_t kLeastConnections = 8;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kLeastReserve;
  const rlim_t wanted = std::min(limit.rlim_max, kMostDescriptors);
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<std::size_t>(limit.rlim_cur);
}

// A quarter of a large limit, half of a small one.
std::size_t connections_within(std::size_t limit, std::size_t wanted) {
  const std::size_t reserve = std::min(std::clamp(limit / 4, kLeastReserve, kMostReserve), limit / 2);
  return std::min(wanted, std::max(limit - reserve, kLeastConnections));
}

std::size_t connections_of_address(std::size_t connections, std::size_t share, std::size_t wanted) {
  if (connections >= wanted) return share;
  return std::max<std::size_t>(std::min(share, wanted) * connections / wanted, 1);
}

}  // namespace embergate::app
