// SPDX-License-Identifier: Apache-2.0
// What a topic's own size limit (max.message.bytes) is known to be: learned from what its broker refused, since no
// client learns it. The broker measures a batch, so two things are learned: how long a record may be, and how many
// bytes may travel together. What is learned is tried again by probes, records sent without company, and forgotten when
// one that is longer is taken (decision 19). Thread: the relay's strand. Ownership: plain numbers. Failure: pure; a
// wrong guess costs a try and a pause, never a record.
#pragma once

#include <cstddef>

#include "embergate/core/clock.hpp"

namespace embergate::delivery {

struct RetryPolicy {
  core::Milliseconds min{1'000};
  core::Milliseconds max{60'000};
  [[nodiscard]] core::Milliseconds after(std::uint32_t attempts) const;  // doubles from min to max
};

class SizeLimit {
 public:
  // Longer ones travel alone in a batch anyway: the library ends a batch at this size (batch.size).
  static constexpr std::size_t kBatchBytes = 1'000'000;
  static constexpr std::size_t kUnlimited = std::size_t{64} * 1024 * 1024;  // more than all windows in flight hold
  static constexpr core::Milliseconds kGrowAfter{10'000};

  explicit SizeLimit(RetryPolicy retry) : retry_(retry) {}

  struct Rules {
    std::size_t record = 0;    // records of this size or more are not sent; 0: any
    std::size_t together = 0;  // bytes in flight at a time, one record at least; 0: any
  };
  [[nodiscard]] Rules rules() const { return {record_, together_}; }
  [[nodiscard]] std::size_t proven() const { return proven_; }  // the longest record that is known to be taken

  void refused_alone(std::size_t bytes, core::SteadyTime now);
  // Several records of one window were refused; `bytes` in all.
  void refused_together(std::size_t bytes, core::SteadyTime now);
  // True: longer than what was known to be possible, so that others are worth a try.
  bool accepted_alone(std::size_t bytes, core::SteadyTime now);
  // Lets more travel together when it went well for a while.
  void grow(core::SteadyTime now);

  enum class Choice { kShortest, kLongest, kLeastTried };
  [[nodiscard]] Choice choice() const;  // of the next probe
  [[nodiscard]] core::SteadyTime next_probe() const { return next_probe_; }
  void probe_now() { next_probe_ = {}; }

 private:
  RetryPolicy retry_;
  std::size_t record_ = 0;
  std::size_t together_ = 0;
  std::size_t proven_ = 0;
  core::SteadyTime grow_at_{};
  core::SteadyTime next_probe_{};
  std::uint32_t failed_probes_ = 0;
};

}  // namespace embergate::delivery
