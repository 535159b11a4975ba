// SPDX-License-Identifier: Apache-2.0
#include "rest/route.hpp"

#include <algorithm>
#include <array>

#include "embergate/fhir/reference.hpp"

namespace embergate::rest {
namespace {

// Where a route has no interaction, only administrators may use it.
constexpr std::string_view kOpen = "open";

constexpr std::size_t depth_of(std::string_view pattern) {
  if (pattern.empty()) return 0;
  return static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '/')) + 1;
}

struct Route {
  std::string_view method;
  std::string_view pattern;  // {type}: a resource type; {system}: one of the server's own; {id}, {vid}: one segment
  Operation operation;
  std::string_view interaction = {};
  std::size_t depth = depth_of(pattern);  // its segments
};

constexpr std::array kRoutes{
    Route{"GET", "", Operation::kStartPage, kOpen},
    Route{"GET", "health", Operation::kHealth, kOpen},
    Route{"GET", "$version", Operation::kVersion, "operation"},
    Route{"POST", "$drop-cache", Operation::kDropCache},
    Route{"POST", "fhir", Operation::kBundle, "transaction"},
    Route{"POST", "fhir/", Operation::kBundle, "transaction"},
    Route{"GET", "fhir/AidboxTopicDestination/{id}/$status", Operation::kDestinationStatus, "operation"},
    Route{"GET", "fhir/AidboxTopicDestination/{id}/$waiting", Operation::kDestinationWaiting, "operation"},
    Route{"POST", "fhir/AidboxTopicDestination/{id}/$waiting", Operation::kDestinationWaiting, "operation"},
    Route{"POST", "fhir/AidboxTopicDestination/{id}/$release", Operation::kDestinationRelease},
    Route{"POST", "fhir/AidboxTopicDestination/{id}/$discard", Operation::kDestinationDiscard},
    Route{"POST", "fhir/AidboxSubscriptionTopic/$dry-run", Operation::kTopicDryRun, "operation"},
    Route{"GET", "fhir/$vault-status", Operation::kVaultStatus},
    Route{"POST", "fhir/$vault-retarget", Operation::kVaultRetarget},
    Route{"POST", "fhir/{type}", Operation::kCreate, "create"},
    Route{"GET", "fhir/{type}/{id}", Operation::kRead, "read"},
    Route{"PUT", "fhir/{type}/{id}", Operation::kUpdate, "update"},
    Route{"DELETE", "fhir/{type}/{id}", Operation::kDelete, "delete"},
    Route{"GET", "fhir/{type}/{id}/_history", Operation::kHistory, "history-instance"},
    Route{"GET", "fhir/{type}/{id}/_history/{vid}", Operation::kVread, "vread"},
    Route{"GET", "AidboxTopicDestination/{id}/$status", Operation::kDestinationStatus, "operation"},
    Route{"GET", "AidboxTopicDestination/{id}/$waiting", Operation::kDestinationWaiting, "operation"},
    Route{"POST", "AidboxTopicDestination/{id}/$waiting", Operation::kDestinationWaiting, "operation"},
    Route{"POST", "AidboxTopicDestination/{id}/$release", Operation::kDestinationRelease},
    Route{"POST", "AidboxTopicDestination/{id}/$discard", Operation::kDestinationDiscard},
    Route{"POST", "AidboxSubscriptionTopic/$dry-run", Operation::kTopicDryRun, "operation"},
    Route{"POST", "{system}", Operation::kCreate, "create"},
    Route{"GET", "{system}/{id}", Operation::kRead, "read"},
    Route{"PUT", "{system}/{id}", Operation::kUpdate, "update"},
    Route{"DELETE", "{system}/{id}", Operation::kDelete, "delete"},
    Route{"GET", "{system}/{id}/_history", Operation::kHistory, "history-instance"},
    Route{"GET", "{system}/{id}/_history/{vid}", Operation::kVread, "vread"},
};

bool match_segment(std::string_view pattern, const std::string& segment, RouteMatch& match) {
  if (pattern == "{type}") {
    match.type = segment;
    return fhir::is_resource_type(segment);
  }
  if (pattern == "{system}") {
    match.type = segment;
    return fhir::is_system_type(segment);
  }
  if (pattern == "{id}") {
    match.id = segment;
    return fhir::is_valid_id(segment);
  }
  if (pattern == "{vid}") {
    match.version = segment;
    return !segment.empty();
  }
  if (pattern != segment) return false;
  if (fhir::is_system_type(pattern)) match.type = segment;
  return true;
}

// With as many segments as the pattern has.
bool match_path(std::string_view pattern, const std::vector<std::string>& segments, RouteMatch& match) {
  for (const std::string& segment : segments) {
    const std::size_t slash = pattern.find('/');
    if (!match_segment(pattern.substr(0, slash), segment, match)) return false;
    if (slash != std::string_view::npos) pattern.remove_prefix(slash + 1);
  }
  return true;
}

bool is_destination_instance(const RouteMatch& match) { return match.type == "AidboxTopicDestination"; }

}  // namespace

RouteMatch match_route(std::string_view method, const std::vector<std::string>& segments) {
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  RouteMatch result;
  for (const Route& route : kRoutes) {
    if (route.depth != segments.size()) continue;
    RouteMatch candidate;
    if (!match_path(route.pattern, segments, candidate)) continue;
    // A destination never changes (contract 2.8), so its Allow does not offer PUT.
    if (route.operation == Operation::kUpdate && is_destination_instance(candidate)) {
      result.found = true;
      continue;
    }
    if (!result.allow.empty()) result.allow += ", ";
    result.allow += route.method;
    result.found = true;
    if (route.method != wanted || result.method_allowed) continue;
    candidate.allow = std::move(result.allow);
    candidate.found = true;
    candidate.method_allowed = true;
    candidate.operation = route.operation;
    candidate.open = route.interaction == kOpen;
    if (!candidate.open) candidate.interaction = route.interaction;
    candidate.route = route.pattern.empty() ? "/" : route.pattern;
    result = std::move(candidate);
  }
  return result;
}

}  // namespace embergate::rest
