// SPDX-License-Identifier: Apache-2.0
// Reads a destination's rows from the outbox and makes windows of them: onwards from the cursor, or of resources that
// were held back (decision 19). Thread: on the relays' pool, one call at a time; HeldResources must not change
// meanwhile. Ownership: borrows the outbox. Failure: the store's error; what was read before it is given up and will be
// read again.
#pragma once

#include <string>
#include <vector>

#include "delivery/pipeline.hpp"
#include "delivery/window.hpp"
#include "embergate/core/result.hpp"
#include "embergate/store/outbox.hpp"

namespace embergate::delivery {

class WindowSource {
 public:
  static constexpr std::size_t kCatchUpRows = 1'000;  // of one resource at a time

  WindowSource(store::Outbox& outbox, store::DestinationSlot slot, std::shared_ptr<ChunkPool> pool,
               NotificationWriter writer, WindowBuilder::Limits limits, bool keyed);

  struct ReadOn {
    Window window;
    store::EventNumber cursor = 0;
    bool more = false;                 // the end of the queue was not reached
    std::vector<std::string> decided;  // resources of rows that were undecided and have their verdict
  };
  // What the books say at this moment; they must not change meanwhile.
  struct Books {
    const HeldResources& held;
    store::EventNumber cursor = 0;
    SizeLimit::Rules learned;
    bool some_parked = false;  // rows that `held` does not know may wait in the database, and it is up to date
  };
  core::Result<ReadOn> read_on(const Books& books);

  struct Jobs {
    Window window;
    std::vector<Pipeline::Progress> progress;  // of the jobs that fitted in
  };
  core::Result<Jobs> run(const std::vector<HeldResources::Job>& jobs, const Books& books);

  [[nodiscard]] const NotificationWriter& writer() const { return writer_; }

 private:
  // Nothing: it did not fit in.
  core::Result<std::optional<Pipeline::Progress>> try_again(const HeldResources::Job& job, WindowBuilder& builder);
  core::Result<Pipeline::Progress> catch_up(const HeldResources::Job& job, const Books& books, WindowBuilder& builder);

  store::Outbox& outbox_;
  store::DestinationSlot slot_;
  std::shared_ptr<ChunkPool> pool_;
  NotificationWriter writer_;
  WindowBuilder::Limits limits_;
  bool keyed_;
};

}  // namespace embergate::delivery
