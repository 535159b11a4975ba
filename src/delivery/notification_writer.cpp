// SPDX-License-Identifier: Apache-2.0
#include "delivery/notification_writer.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <utility>

#include "embergate/core/time_format.hpp"
#include "embergate/core/uuid.hpp"
#include "embergate/fhir/outcome.hpp"

namespace embergate::delivery {
namespace {

constexpr std::string_view kHead = R"({"resourceType":"Bundle","type":"history","timestamp":")";
constexpr std::string_view kStatus = R"(","entry":[{"resource":{"resourceType":"AidboxSubscriptionStatus","id":")";
constexpr std::string_view kEvent =
    R"(","status":"active","type":"event-notification","notificationEvent":[{"eventNumber":)";
constexpr std::string_view kActionExtension =
    R"({"url":"http://health-samurai.io/fhir/core/StructureDefinition/bundle-entryActionCode","valueCode":")";
constexpr std::string_view kVersionExtension =
    R"({"url":"http://health-samurai.io/fhir/core/StructureDefinition/bundle-entryVersionId","valueId":")";
constexpr std::string_view kEpochExtension = R"(,"extension":[{"url":"urn:embergate:event-epoch","valueDecimal":)";
constexpr std::size_t kFixedBytes = 1'536;  // every literal, number, time and UUID of one message together
constexpr std::size_t kWorstEscape = 6;     // \u00xx

void append_number(std::string& out, std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void append_resource(std::string& out, const store::OutboxEvent& event) {
  out += event.type;
  out += '/';
  out += event.id;
}

std::string escaped(std::string_view text) {
  std::string out;
  fhir::append_json_escaped(out, text);
  return out;
}

}  // namespace

NotificationWriter::NotificationWriter(const topic::TopicDestination& destination, const NotificationContext& context,
                                       std::vector<store::EventEpoch> epochs)
    : content_(destination.content),
      entry_action_(destination.include_entry_action),
      version_id_(destination.include_version_id),
      version_in_focus_(destination.include_version_id_in_focus),
      event_epoch_(destination.include_event_epoch),
      aidbox_request_style_(context.aidbox_request_style),
      id_seed_(fmt::format("{}/AidboxTopicDestination/{}/{}/", context.box_id, destination.id, destination.slot)),
      epochs_(std::move(epochs)),
      full_url_(fmt::format("{}/fhir/", escaped(context.base_url))),
      status_tail_(fmt::format(R"("topic":"{}","topic-destination":{{"reference":"AidboxTopicDestination/{}"}})",
                               escaped(destination.topic_url), escaped(destination.id))) {}

// The newest one first: events of older ones are left from before a restore.
std::int64_t NotificationWriter::epoch_of(store::EventNumber number) const {
  auto at = epochs_.rbegin();
  while (at->first > number && std::next(at) != epochs_.rend()) ++at;
  return at->epoch;
}

// The first epoch is not part of the name: its events keep the ids that they had before there were epochs.
std::string NotificationWriter::id_of(store::EventNumber number) const {
  std::string seed = id_seed_;
  if (const std::int64_t epoch = epoch_of(number); epoch != store::kFirstEpoch) {
    append_number(seed, epoch);
    seed += ':';
  }
  append_number(seed, number);
  return core::name_uuid(seed);
}

std::size_t NotificationWriter::bound(const store::OutboxEvent& event) const {
  const std::size_t body = content_ == topic::Content::kFullResource ? event.body.size() : 0;
  return kFixedBytes + status_tail_.size() + full_url_.size() + 3 * (event.type.size() + event.id.size()) +
         kWorstEscape * event.correlation_id.size() + body;
}

NotificationWriter::Place NotificationWriter::append(std::string& out, const store::OutboxEvent& event) {
  Place place;
  out += kHead;
  append_time(out, event.commit_time, false);
  out += kStatus;
  out += id_of(event.event_number);
  out += kEvent;
  append_number(out, event.event_number);
  if (event_epoch_) {
    out += kEpochExtension;
    append_number(out, epoch_of(event.event_number));
    out += "}]";
  }
  out += R"(,"timestamp":")";
  append_time(out, event.commit_time, true);
  append_focus(out, event, place);
  if (!event.correlation_id.empty()) {
    out += R"(,"correlationId":")";
    fhir::append_json_escaped(out, event.correlation_id);
    out += '"';
  }
  out += R"(}],"eventsSinceSubscriptionStart":)";
  append_number(out, event.event_number);
  out += ',';
  out += status_tail_;
  out += "}}";
  if (content_ != topic::Content::kEmpty) append_entry(out, event);
  out += "]}";
  return place;
}

// Events come in bursts: the text of one second serves many of them.
void NotificationWriter::append_time(std::string& out, core::SystemTime time, bool with_micros) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second != second_ || second_text_.empty()) {
    second_ = second;
    second_text_ = core::format_instant_seconds(second);
    second_text_.pop_back();
  }
  out += second_text_;
  if (with_micros) {
    char digits[8] = ".000000";
    auto micros = static_cast<unsigned>((time - second).count());
    for (int i = 6; i >= 1; --i, micros /= 10) digits[i] = static_cast<char>('0' + micros % 10);
    out.append(digits, 7);
  }
  out += 'Z';
}

void NotificationWriter::append_focus(std::string& out, const store::OutboxEvent& event, Place& place) {
  out += R"(","focus":{"reference":")";
  place.resource = out.size();
  append_resource(out, event);
  place.resource_length = out.size() - place.resource;
  place.id_length = event.id.size();
  if (version_in_focus_) {
    out += "/_history/";
    append_number(out, event.version_id);
  }
  out += R"("})";
}

void NotificationWriter::append_entry(std::string& out, const store::OutboxEvent& event) {
  out += ",{";
  append_extensions(out, event);
  out += R"("fullUrl":")";
  out += full_url_;
  append_resource(out, event);
  out += R"(","request":{"method":")";
  append_request(out, event);
  out += R"("})";
  if (content_ == topic::Content::kFullResource) {
    out += R"(,"resource":)";
    out += event.body;
  }
  out += '}';
}

void NotificationWriter::append_extensions(std::string& out, const store::OutboxEvent& event) {
  if (!entry_action_ && !version_id_) return;
  out += R"("extension":[)";
  if (entry_action_) {
    out += kActionExtension;
    out += store::to_string(event.interaction);
    out += R"("})";
  }
  if (version_id_) {
    if (entry_action_) out += ',';
    out += kVersionExtension;
    append_number(out, event.version_id);
    out += R"("})";
  }
  out += "],";
}

void NotificationWriter::append_request(std::string& out, const store::OutboxEvent& event) {
  const bool as_create = event.interaction == store::Interaction::kCreate ||
                         (aidbox_request_style_ && event.interaction == store::Interaction::kUpdate);
  if (as_create) {
    out += R"(POST","url":"/fhir/)";
    out += event.type;
    return;
  }
  out += event.interaction == store::Interaction::kDelete ? "DELETE" : "PUT";
  out += R"(","url":"/fhir/)";
  append_resource(out, event);
}

std::string NotificationWriter::attempt_status(store::EventNumber number, std::string_view error) const {
  std::string out = fmt::format(
      R"({{"resourceType":"AidboxSubscriptionStatus","id":"{}","status":"active","type":"event-notification",{})",
      id_of(number), status_tail_);
  if (!error.empty()) {
    out += R"(,"error":[")";
    fhir::append_json_escaped(out, error);
    out += R"("])";
  }
  out += '}';
  return out;
}

}  // namespace embergate::delivery
