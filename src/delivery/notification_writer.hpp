// SPDX-License-Identifier: Apache-2.0
// Writes the notification Bundles of one destination (contract 2.9), many a second: what is the same for all events is
// prepared once, the resource is spliced in as it was stored, and nothing is allocated but the room in `out`. Thread:
// one at a time (it remembers the text of the last second). Ownership: copies what it needs of the destination.
// Failure: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "embergate/delivery/notification.hpp"

namespace embergate::delivery {

class NotificationWriter {
 public:
  // `epochs` of the destination's slot, as the outbox tells them.
  NotificationWriter(const topic::TopicDestination& destination, const NotificationContext& context,
                     std::vector<store::EventEpoch> epochs = {{1, store::kFirstEpoch}});

  struct Place {
    std::size_t resource = 0;  // offset in `out` of "Type/id"
    std::size_t resource_length = 0;
    std::size_t id_length = 0;  // the last bytes of it
  };
  Place append(std::string& out, const store::OutboxEvent& event);
  // At least as many bytes as append() will write.
  [[nodiscard]] std::size_t bound(const store::OutboxEvent& event) const;
  [[nodiscard]] std::string id_of(store::EventNumber number) const;
  // The AidboxSubscriptionStatus of a delivery attempt, for the log (contract 2.11). `error` empty: it succeeded.
  [[nodiscard]] std::string attempt_status(store::EventNumber number, std::string_view error) const;

 private:
  [[nodiscard]] std::int64_t epoch_of(store::EventNumber number) const;
  void append_time(std::string& out, core::SystemTime time, bool with_micros);
  void append_focus(std::string& out, const store::OutboxEvent& event, Place& place);
  void append_entry(std::string& out, const store::OutboxEvent& event);
  void append_extensions(std::string& out, const store::OutboxEvent& event);
  void append_request(std::string& out, const store::OutboxEvent& event);

  topic::Content content_;
  bool entry_action_;
  bool version_id_;
  bool version_in_focus_;
  bool event_epoch_;
  bool aidbox_request_style_;
  std::string id_seed_;                    // what the UUID of a message is made of, but for the event's number
  std::vector<store::EventEpoch> epochs_;  // by rising number, never empty
  std::string full_url_;                   // <base>/fhir/, escaped
  std::string status_tail_;                // the members topic and topic-destination
  core::SystemTime second_{core::SystemTime::min()};
  std::string second_text_;
};

}  // namespace embergate::delivery
