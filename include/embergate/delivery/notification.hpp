// SPDX-License-Identifier: Apache-2.0
// The notification Bundle of one event (contract 2.9): written as bytes straight into a window's memory, the resource
// spliced in as it was stored. Thread: pure. Failure: none; equal input gives equal bytes (decision 34).
#pragma once

#include <string>
#include <string_view>

#include "embergate/store/outbox.hpp"
#include "embergate/topic/topic_destination.hpp"

namespace embergate::delivery {

struct NotificationContext {
  std::string_view box_id;
  std::string_view base_url;  // <base>
  bool aidbox_request_style = false;
};

// Appends the Bundle's JSON to `out`.
void append_notification(std::string& out, const store::OutboxEvent& event, const topic::TopicDestination& destination,
                         const NotificationContext& context);
// AidboxSubscriptionStatus.id: the same for every delivery of the event (decision 34), and another one for the event
// that got the same number in another epoch (docs/decisions/0054).
std::string notification_id(std::string_view box_id, const topic::TopicDestination& destination,
                            store::EventNumber event_number, std::int64_t epoch = store::kFirstEpoch);

}  // namespace embergate::delivery
