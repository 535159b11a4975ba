// SPDX-License-Identifier: Apache-2.0
#include "delivery/window_source.hpp"

#include <optional>
#include <unordered_set>
#include <utility>

namespace embergate::delivery {
namespace {

// Whether a row waits in the database, or stands behind one that does, of which the books in memory know nothing.
bool is_parked(const WindowSource::Books& books, std::string_view resource, const store::OutboxEvent& event) {
  if (!books.some_parked) return false;
  const bool in_order = books.held.ordered() && event.behind_waiting;
  if (in_order) return !books.held.knows(resource, event.event_number);
  return event.waiting && !books.held.has_by_itself(resource, event.event_number);
}

// Which rows met while reading on have to be passed over. Costs nothing while nothing is held.
class Gate {
 public:
  explicit Gate(const WindowSource::Books& books) : books_(books) {}

  bool closed_for(const store::OutboxEvent& event) {
    if (event.undecided || (books_.held.ordered() && event.behind_undecided)) return true;
    if (books_.held.empty() && refused_.empty() && !books_.some_parked) return false;
    name(event);
    return refused_.contains(resource_) || books_.held.blocks(resource_, event.event_number) ||
           is_parked(books_, resource_, event);
  }
  void close_for(const store::OutboxEvent& event) {
    if (!books_.held.ordered()) return;
    name(event);
    refused_.insert(resource_);
  }

 private:
  void name(const store::OutboxEvent& event) {
    resource_.assign(event.type);
    resource_ += '/';
    resource_ += event.id;
  }
  const WindowSource::Books& books_;
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

core::Result<WindowSource::ReadOn> WindowSource::read_on(const Books& books) {
  WindowBuilder builder(*pool_, writer_, limits_, keyed_, books.learned);
  Gate gate(books);
  ReadOn result;
  result.cursor = books.cursor;
  std::size_t body_bytes = 0;
  std::vector<store::EventNumber> dropped;
  const auto visit = [&](const store::OutboxEvent& event) {
    if (builder.full()) {
      result.more = true;
      return false;
    }
    if (event.undecided && (event.wanted || event.unwanted))
      result.decided.push_back(std::string(event.type) + "/" + std::string(event.id));
    const bool open = !gate.closed_for(event);
    if (open && event.unwanted) {
      dropped.push_back(event.event_number);
    } else if (open) {
      const WindowBuilder::Added added = builder.add(event);
      if (added == WindowBuilder::Added::kNoRoom) {
        result.more = true;
        return false;
      }
      if (added == WindowBuilder::Added::kRefused) gate.close_for(event);
    }
    result.cursor = event.event_number;
    body_bytes += event.body.size();
    return true;
  };
  const auto visited = outbox_.read(slot_, books.cursor, limits_.rows, limits_.bytes, visit);
  // A failure after some rows: they are as good as ever, and the next read begins behind them and meets it by itself. A
  // read that takes too long would else begin at the same row for good.
  if (!visited && result.cursor == books.cursor) return visited.error();
  result.more |= !visited || *visited >= limits_.rows || body_bytes >= limits_.bytes;
  result.window = builder.finish();
  result.window.dropped = std::move(dropped);
  return result;
}

core::Result<WindowSource::Jobs> WindowSource::run(const std::vector<HeldResources::Job>& jobs, const Books& books) {
  SizeLimit::Rules learned = books.learned;
  if (!jobs.empty() && jobs.front().probe) learned = {};
  WindowBuilder builder(*pool_, writer_, limits_, keyed_, learned);
  Jobs result;
  for (const HeldResources::Job& job : jobs) {
    if (builder.full()) break;
    if (job.catch_up) {
      EG_TRY(Pipeline::Progress progress, catch_up(job, books, builder));
      result.progress.push_back(std::move(progress));
      continue;
    }
    EG_TRY(auto progress, try_again(job, builder));
    if (!progress) break;
    result.progress.push_back(*std::move(progress));
  }
  result.window = builder.finish();
  return result;
}

core::Result<std::optional<Pipeline::Progress>> WindowSource::try_again(const HeldResources::Job& job,
                                                                        WindowBuilder& builder) {
  using Found = Pipeline::Progress::Found;
  Pipeline::Progress progress;
  progress.job = job;
  bool fits = true;
  const auto visit = [&](const store::OutboxEvent& event) {
    if (event.unwanted) {
      progress.found = Found::kGivenUp;
      return true;
    }
    const WindowBuilder::Added added = builder.add(event);
    fits = added != WindowBuilder::Added::kNoRoom;
    progress.found = added == WindowBuilder::Added::kYes ? Found::kSent : Found::kRefused;
    return true;
  };
  EG_CHECK(outbox_.read_rows(slot_, {job.from}, visit));
  if (!fits) return std::optional<Pipeline::Progress>();
  return std::optional(std::move(progress));
}

core::Result<Pipeline::Progress> WindowSource::catch_up(const HeldResources::Job& job, const Books& books,
                                                        WindowBuilder& builder) {
  Pipeline::Progress progress;
  progress.job = job;
  progress.next = job.from;
  const std::size_t slash = job.resource.find('/');
  const auto visit = [&](const store::OutboxEvent& event) {
    if (event.event_number > books.cursor) return false;  // will be met by reading on
    progress.next = event.event_number;
    const HeldResource* held = books.held.find(job.resource, event.event_number);
    const bool by_itself = (held != nullptr && held->by_itself) || (books.some_parked && event.waiting);
    if (event.undecided && !event.wanted && !event.unwanted) return false;  // it goes on when that is decided
    if (event.unwanted) {
      progress.took_any = true;
      progress.dropped.push_back(event.event_number);
      progress.next = event.event_number + 1;
      return true;
    }
    if (!books.held.ordered() && !event.wanted) return true;  // sent, or tried, by itself
    // A row in the database holds back what follows.
    if (books.held.ordered() && books.some_parked && event.behind_waiting) return false;
    if (by_itself) return true;  // its own try sends it
    const WindowBuilder::Added added = builder.full() ? WindowBuilder::Added::kNoRoom : builder.add(event);
    if (added == WindowBuilder::Added::kNoRoom) {
      progress.complete = false;
      return false;
    }
    progress.next = event.event_number + 1;
    progress.took_any = true;
    return added == WindowBuilder::Added::kYes;  // a refused row holds the resource again, and what follows it
  };
  EG_TRY(const std::size_t visited,
         outbox_.read_resource(slot_, job.from, std::string_view(job.resource).substr(0, slash),
                               std::string_view(job.resource).substr(slash + 1), kCatchUpRows, visit));
  if (visited >= kCatchUpRows) progress.complete = false;
  return progress;
}

}  // namespace embergate::delivery
