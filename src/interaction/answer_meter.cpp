// SPDX-License-Identifier: Apache-2.0
#include "interaction/answer_meter.hpp"

#include <fmt/format.h>

#include <utility>

namespace embergate::interaction {
namespace {

constexpr std::size_t kSmall = 64 * 1024;  // an answer up to here is not counted: it costs what its connection costs
constexpr std::size_t kOwnPart = 16 * 1024;

Refusal too_costly(std::string diagnostics) {
  core::Error error = core::make_error(core::ErrorCode::kInvalid, std::move(diagnostics));
  std::vector<fhir::Issue> issues{{"fatal", std::string(kTooCostly), error.diagnostics, ""}};
  return Refusal{std::move(error), std::move(issues)};
}

Refusal too_many() {
  return Refusal{core::make_retriable(core::ErrorCode::kUnavailable,
                                      "too many large answers are under way (BOX_WEB_MAX_ANSWERS_TOTAL); try again"),
                 {}};
}

}  // namespace

std::optional<Refusal> AnswerMeter::add(std::size_t bytes, std::string_view remedy) {
  if (bytes_ > 0 && bytes > max_bytes_ - std::min(bytes_, max_bytes_)) {
    return too_costly(fmt::format("the answer would hold more than {} bytes of resources (BOX_WEB_MAX_ANSWER); {}",
                                  max_bytes_, remedy));
  }
  if (left_out_ > 0 && left_out_ + bytes > kMostLeftOut * max_bytes_) {
    return too_costly(
        fmt::format("the reads of one bundle would load more than {} times BOX_WEB_MAX_ANSWER, {} bytes; {}",
                    kMostLeftOut, max_bytes_, remedy));
  }
  const std::size_t counted_before = bytes_ <= kSmall ? 0 : bytes_;
  const std::size_t counted = bytes_ + bytes <= kSmall ? 0 : bytes_ + bytes;
  if (counted > counted_before && !hold_->take(counted - counted_before)) return too_many();
  bytes_ += bytes;
  return std::nullopt;
}

std::optional<Refusal> AnswerMeter::add_counted(std::size_t versions) {
  const bool is_cut_off = counted_ > 0 && versions >= may_count();
  counted_ += versions;
  if (!is_cut_off) return std::nullopt;
  return too_costly(fmt::format(
      "the histories of one bundle have more than {} versions to count; ask for each by a request of its own",
      kMostCounted));
}

void AnswerMeter::leave_reads_out() {
  left_out_ += std::exchange(bytes_, 0);
  hold_->give_back();
}

void AnswerMeter::add_or_leave_out(InteractionResult& written) {
  if (written.body.empty() || !add(written.body.size(), "")) return;
  written.body = std::string();
  written.left_out = true;
}

void AnswerText::append_body(std::string body) {
  if (body.size() < kOwnPart) {
    last_ += body;
    return;
  }
  parts_.push_back(std::exchange(last_, std::string()));
  parts_.push_back(std::move(body));
}

void AnswerText::move_into(InteractionResult& result) {
  parts_.push_back(std::move(last_));
  result.body = std::move(parts_.front());
  parts_.erase(parts_.begin());
  result.more = std::move(parts_);
}

}  // namespace embergate::interaction
