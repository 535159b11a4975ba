// SPDX-License-Identifier: Apache-2.0
#include "interaction/system_resources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/core/text.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/stored.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/topic/subscription_topic.hpp"
#include "embergate/topic/topic_destination.hpp"
#include "interaction/catalog_cache.hpp"
#include "interaction/client_secret.hpp"

namespace embergate::interaction {
namespace {

constexpr std::string_view kPolicyType = "AccessPolicy";
constexpr std::array<std::string_view, 4> kConfiguration{kTopicType, kDestinationType, kClientType, kPolicyType};
constexpr std::size_t kMaxConfigured = 10'000;

void log_warnings(const topic::SubscriptionTopic& topic) {
  for (const std::string& warning : topic.warnings) {
    observability::log::event(observability::log::Level::kWarn, "topic/criteria-warning", warning,
                              {{"topic", std::string_view(topic.url)}});
  }
}

}  // namespace

bool is_configuration_type(std::string_view type) {
  return std::find(kConfiguration.begin(), kConfiguration.end(), type) != kConfiguration.end();
}

std::vector<fhir::Issue> validate_own(const fhir::Resource& resource, std::string_view type, std::string_view id) {
  std::vector<fhir::Issue> issues;
  if (type == kTopicType) {
    if (const auto topic = topic::SubscriptionTopic::parse(resource, id, issues)) log_warnings(*topic);
  } else if (type == kDestinationType) {
    topic::TopicDestination::parse(resource, id, issues);
  } else if (fhir::is_system_type(type) && !is_configuration_type(type)) {
    issues.push_back(
        {"fatal", "not-supported", fmt::format("{} cannot be stored by this version", type), std::string(type)});
  }
  return issues;
}

core::Result<void> before_write(store::Transaction& tx, const fhir::Resource& resource, std::string_view type,
                                std::string_view id) {
  if (type != kTopicType) return {};
  const std::string_view url = resource.root().member("url").string();
  EG_TRY(const auto topics, tx.list_current(kTopicType, kMaxConfigured));
  for (const store::StoredVersion& other : topics) {
    if (other.id == id) continue;
    auto parsed = fhir::parse_stored(other.body);
    if (parsed && (*parsed)->root().member("url").string() == url) {
      return core::make_error(core::ErrorCode::kConflict,
                              fmt::format("AidboxSubscriptionTopic/{} already has the url \"{}\"", other.id,
                                          core::whole_characters(url, 300)),
                              "AidboxSubscriptionTopic.url");
    }
  }
  return {};
}

core::Result<std::uint64_t> before_delete(store::Transaction& tx, const store::StoredVersion& current,
                                          bool discard_queue, bool by_administrator) {
  if (current.type != kDestinationType) return std::uint64_t{0};
  const std::uint64_t queued = tx.queue_length(store::DestinationSlot(current.version_id));
  if (queued == 0) return queued;
  if (discard_queue && by_administrator) return queued;
  if (discard_queue) {
    return core::make_error(
        core::ErrorCode::kForbidden,
        fmt::format("AidboxTopicDestination/{} has {} events in its queue: dropping them with ?discard=true needs an "
                    "administrator, as $discard does",
                    current.id, queued),
        std::string(kDestinationType));
  }
  return core::make_error(
      core::ErrorCode::kConflict,
      fmt::format("AidboxTopicDestination/{} has {} events in its queue that were not delivered: wait until $status "
                  "shows messagesQueued 0 and $waiting lists nothing, or drop them with ?discard=true",
                  current.id, queued),
      std::string(kDestinationType));
}

core::Result<void> after_write(store::Transaction& tx, const store::StoredVersion& written) {
  if (!is_configuration_type(written.type)) return {};
  tx.advance_catalog_epoch();
  if (written.type != kDestinationType) return {};
  if (written.interaction == store::Interaction::kCreate)
    return tx.open_slot(store::DestinationSlot(written.version_id), written.id);
  if (written.interaction == store::Interaction::kDelete)
    return tx.close_slot(store::DestinationSlot(written.previous_version_id));
  return {};
}

}  // namespace embergate::interaction
