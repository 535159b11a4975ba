// SPDX-License-Identifier: Apache-2.0
#include "delivery/window_source.hpp"

#include <unordered_set>
#include <utility>

namespace embergate::delivery {
namespace {

// Which rows met while reading on have to be passed over. Costs nothing while nothing is held.
class Gate {
 public:
  explicit Gate(const HeldResources& held) : held_(held) {}

  bool closed_for(const store::OutboxEvent& event) {
    if (held_.empty() && refused_.empty()) return false;
    name(event);
    return refused_.contains(resource_) || held_.blocks(resource_, event.event_number);
  }
  void close_for(const store::OutboxEvent& event) {
    name(event);
    refused_.insert(resource_);
  }

 private:
  void name(const store::OutboxEvent& event) {
    resource_.assign(event.type);
    resource_ += '/';
    resource_ += event.id;
  }
  const HeldResources& held_;
  std::unordered_set<std::string> refused_;
  std::string resource_;
};

}  // namespace

WindowSource::WindowSource(store::Outbox& outbox, store::DestinationSlot slot, std::shared_ptr<ChunkPool> pool,
                           NotificationWriter writer, WindowBuilder::Limits limits, bool keyed)
    : outbox_(outbox),
      slot_(slot),
      pool_(std::move(pool)),
      writer_(std::move(writer)),
      limits_(limits),
      keyed_(keyed) {}

core::Result<WindowSource::ReadOn> WindowSource::read_on(store::EventNumber after, const HeldResources& held) {
  WindowBuilder builder(*pool_, writer_, limits_, keyed_);
  Gate gate(held);
  ReadOn result;
  result.cursor = after;
  std::size_t body_bytes = 0;
  const auto visit = [&](const store::OutboxEvent& event) {
    if (builder.full()) {
      result.more = true;
      return false;
    }
    result.cursor = event.event_number;
    body_bytes += event.body.size();
    if (!gate.closed_for(event) && !builder.add(event)) gate.close_for(event);
    return true;
  };
  EG_TRY(const std::size_t visited, outbox_.read(slot_, after, limits_.rows, limits_.bytes, visit));
  result.more |= visited >= limits_.rows || body_bytes >= limits_.bytes;
  result.window = builder.finish();
  return result;
}

core::Result<WindowSource::Jobs> WindowSource::run(const std::vector<HeldResources::Job>& jobs,
                                                   store::EventNumber cursor) {
  WindowBuilder builder(*pool_, writer_, limits_, keyed_);
  Jobs result;
  for (const HeldResources::Job& job : jobs) {
    if (builder.full()) break;
    EG_TRY(Pipeline::Progress progress, job.catch_up ? catch_up(job, cursor, builder) : try_again(job, builder));
    result.progress.push_back(std::move(progress));
  }
  result.window = builder.finish();
  return result;
}

core::Result<Pipeline::Progress> WindowSource::try_again(const HeldResources::Job& job, WindowBuilder& builder) {
  Pipeline::Progress progress;
  progress.job = job;
  const auto visit = [&](const store::OutboxEvent& event) {
    progress.found = builder.add(event) ? Pipeline::Progress::Found::kSent : Pipeline::Progress::Found::kRefused;
    return true;
  };
  EG_CHECK(outbox_.read_rows(slot_, {job.from}, visit));
  return progress;
}

core::Result<Pipeline::Progress> WindowSource::catch_up(const HeldResources::Job& job, store::EventNumber cursor,
                                                        WindowBuilder& builder) {
  Pipeline::Progress progress;
  progress.job = job;
  progress.next = job.from;
  const std::size_t slash = job.resource.find('/');
  const auto visit = [&](const store::OutboxEvent& event) {
    if (event.event_number > cursor) return false;  // will be met by reading on
    if (builder.full()) {
      progress.complete = false;
      return false;
    }
    progress.next = event.event_number + 1;
    return builder.add(event);  // a refused row holds the resource again, and what follows it
  };
  EG_TRY(const std::size_t visited,
         outbox_.read_resource(slot_, job.from, std::string_view(job.resource).substr(0, slash),
                               std::string_view(job.resource).substr(slash + 1), kCatchUpRows, visit));
  if (visited >= kCatchUpRows) progress.complete = false;
  return progress;
}

}  // namespace embergate::delivery
