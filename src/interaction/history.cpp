// SPDX-License-Identifier: Apache-2.0
#include "interaction/history.hpp"

namespace embergate::interaction {

// One version at a time: what is too much is known before it is all in memory.
core::Result<void> read_history(store::Reader& reader, const HistoryPage& page, AnswerMeter& meter,
                                std::vector<store::StoredVersion>& versions, std::optional<Refusal>& refused) {
  store::VersionId before = page.before;
  while (versions.size() < page.count) {
    EG_TRY(auto next, reader.history(page.type, page.id, before, 1));
    if (next.empty()) return {};
    refused =
        meter.add(next.front().body.size(), "ask for fewer versions with _count, or for each by _history/<versionId>");
    if (refused) return {};
    before = next.front().version_id;
    versions.push_back(std::move(next.front()));
    if (versions.back().previous_version_id == 0) return {};
  }
  return {};
}

}  // namespace embergate::interaction
