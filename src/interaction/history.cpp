// SPDX-License-Identifier: Apache-2.0
#include "interaction/history.hpp"

#include <algorithm>
#include <charconv>

#include "interaction/bundle.hpp"
#include "interaction/read_result.hpp"

namespace embergate::interaction {
namespace {

// What an entry of a history holds beside its resource, and costs to be read alone.
constexpr std::size_t kEntryBytes = 512;

Refusal refuse(core::Error error) { return Refusal{std::move(error), {}}; }

// One version at a time: what is too much is known before it is all in memory.
Answer<std::vector<store::StoredVersion>> load(store::Reader& reader, const HistoryPage& page, AnswerMeter& meter) {
  std::vector<store::StoredVersion> versions;
  store::VersionId before = page.before;
  while (versions.size() < page.count) {
    auto next = reader.history(page.type, page.id, before, 1);
    if (!next) return refuse(std::move(next).error());
    if (next->empty()) break;
    auto refused = meter.add(next->front().body.size() + kEntryBytes,
                             "ask for fewer versions with _count, or for each by _history/<versionId>");
    if (refused) return *std::move(refused);
    before = next->front().version_id;
    versions.push_back(std::move(next->front()));
    if (versions.back().previous_version_id == 0) break;
  }
  return versions;
}

Answer<std::size_t> count(store::Reader& reader, const HistoryPage& page, AnswerMeter& meter) {
  auto counted = reader.version_count(page.type, page.id, meter.may_count());
  if (!counted) return refuse(std::move(counted).error());
  if (auto refused = meter.add_counted(*counted)) return *std::move(refused);
  return *counted;
}

}  // namespace

core::Result<std::size_t> parse_history_count(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size())
    return core::make_error(core::ErrorCode::kMalformed, "_count must be a whole number");
  return std::min(count, kMaxHistoryCount);
}

Answer<InteractionResult> read_history(store::Reader& reader, const HistoryPage& page, const Options& options,
                                       AnswerMeter& meter) {
  EG_TRY(auto versions, load(reader, page, meter));
  std::size_t total = versions.size();
  if (page.count == 0) {
    EG_TRY(total, count(reader, page, meter));
  }
  if (total == 0 && page.before == 0) return refuse(not_found(page.type, page.id));
  InteractionResult result;
  render_history(std::move(versions), total, options, page.type, page.id).move_into(result);
  return result;
}

}  // namespace embergate::interaction
