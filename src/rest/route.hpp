// SPDX-License-Identifier: Apache-2.0
// The route table (contract 5.1): which URL and method mean which operation. Data, one row each.
// Thread: pure. Failure: no route at all, or a route that exists for other methods (405 with Allow).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "embergate/http/url.hpp"

namespace embergate::rest {

enum class Operation {
  kStartPage,
  kHealth,
  kVersion,
  kDropCache,
  kBundle,
  kCreate,
  kRead,
  kVread,
  kUpdate,
  kDelete,
  kHistory,
  kDestinationStatus,
  kDestinationWaiting,
  kDestinationRelease,
  kDestinationDiscard,
  kTopicDryRun,
  kVaultStatus,
  kVaultRetarget
};

struct RouteMatch {
  bool found = false;           // some route has this path
  bool method_allowed = false;  // and this method
  Operation operation = Operation::kRead;
  bool open = false;  // needs no authentication (contract 4.5)
  // The interaction that the caller needs on `type`; empty: only an administrator may.
  std::string_view interaction;
  std::string_view route;  // pattern, for metrics
  std::string type;        // also of an operation on one type
  std::string id;
  std::string version;
  std::string allow;  // methods of the path, for 405
};

RouteMatch match_route(std::string_view method, const std::vector<std::string>& segments);

}  // namespace embergate::rest
