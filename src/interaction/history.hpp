// SPDX-License-Identifier: Apache-2.0
// The history of a resource as one answer. Thread: where the reader is. Failure: the reader's errors; kNotFound when
// there is no such resource; a Refusal when the versions do not fit the answer.
#pragma once

#include <string_view>

#include "embergate/interaction/history.hpp"
#include "interaction/answer_meter.hpp"

namespace embergate::interaction {

struct HistoryPage {
  std::string_view type;
  std::string_view id;
  std::size_t count;        // 0: only how many there are, counted up to 100,000
  store::VersionId before;  // exclusive; 0: none
};

// A Bundle of type history, newest first.
Answer<InteractionResult> read_history(store::Reader& reader, const HistoryPage& page, const Options& options,
                                       AnswerMeter& meter);

}  // namespace embergate::interaction
