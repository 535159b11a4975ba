// SPDX-License-Identifier: Apache-2.0
#include "embergate/delivery/notification.hpp"

#include "delivery/notification_writer.hpp"

namespace embergate::delivery {

void append_notification(std::string& out, const store::OutboxEvent& event, const topic::TopicDestination& destination,
                         const NotificationContext& context) {
  NotificationWriter(destination, context).append(out, event);
}

std::string notification_id(std::string_view box_id, const topic::TopicDestination& destination,
                            store::EventNumber event_number, std::int64_t epoch) {
  return NotificationWriter(destination, {box_id, {}, false}, {{1, epoch}}).id_of(event_number);
}

}  // namespace embergate::delivery
