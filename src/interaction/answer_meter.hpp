// SPDX-License-Identifier: Apache-2.0
// What one answer may hold of resources: its own bound, and a share of what all answers together may hold until they
// are sent (S-30). A single resource is always within its own bound: what is stored can be read.
// Thread: one at a time. Ownership: the hold goes into the answer. Failure: a Refusal with the code too-costly, or
// kUnavailable and retriable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "embergate/core/byte_budget.hpp"
#include "embergate/interaction/interactions.hpp"

namespace embergate::interaction {

class AnswerMeter {
 public:
  AnswerMeter(std::shared_ptr<core::ByteBudget> all, std::string caller, std::size_t max_bytes)
      : hold_(std::make_shared<core::ByteBudget::Hold>(std::move(all), std::move(caller))), max_bytes_(max_bytes) {}

  [[nodiscard]] const std::string& caller() const { return hold_->owner(); }

  // A resource comes in. `remedy`: what the caller can do about an answer that is too large.
  std::optional<Refusal> add(std::size_t bytes, std::string_view remedy);
  // Versions that a history without entries may count: each is a read. Histories of one bundle share that, and the
  // first is cut off there, as one that is asked for alone.
  [[nodiscard]] std::size_t may_count() const { return kMostCounted - counted_; }
  std::optional<Refusal> add_counted(std::size_t versions);
  // Of a write, which is done: without room its resource is left out of the answer, and the answer says so.
  void add_or_leave_out(InteractionResult& written);
  // Prefer: return=minimal: what was read goes nowhere. Reading that much has a bound as well.
  void leave_reads_out();
  [[nodiscard]] std::shared_ptr<const void> hold() const { return hold_; }

 private:
  static constexpr std::size_t kMostCounted = 100'000;
  static constexpr std::size_t kMostLeftOut = 16;  // answers

  const std::shared_ptr<core::ByteBudget::Hold> hold_;
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::size_t counted_ = 0;
  std::size_t left_out_ = 0;
};

// The text of an answer as parts: large bodies go in as they are, small ones and what is between are joined.
class AnswerText {
 public:
  void append(std::string_view text) { last_ += text; }
  void append_body(std::string body);
  void move_into(InteractionResult& result);

 private:
  std::vector<std::string> parts_;
  std::string last_;
};

}  // namespace embergate::interaction
