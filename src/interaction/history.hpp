// SPDX-License-Identifier: Apache-2.0
// The versions that one answer shows of a resource. Thread: where the reader is. Ownership: appends to `versions`.
// Failure: the reader's errors; `refused` when they do not fit the answer.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "interaction/answer_meter.hpp"

namespace embergate::interaction {

struct HistoryPage {
  std::string_view type;
  std::string_view id;
  std::size_t count;
  store::VersionId before;
};

// Newest first.
core::Result<void> read_history(store::Reader& reader, const HistoryPage& page, AnswerMeter& meter,
                                std::vector<store::StoredVersion>& versions, std::optional<Refusal>& refused);

}  // namespace embergate::interaction
