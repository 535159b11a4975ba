// SPDX-License-Identifier: Apache-2.0
// Bundles of type batch, transaction and collection taken apart and put together again (contract 5.3, decision 21).
// Thread: prepare_bundle() and the renderers are pure and can be slow for large bundles: run them on a pool. Failure:
// the first faulty entry of a transaction refuses the whole, naming Bundle.entry[i]; in a batch the fault stays with
// its entry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "embergate/interaction/interactions.hpp"
#include "interaction/answer_meter.hpp"
#include "interaction/bundle_links.hpp"
#include "interaction/write_path.hpp"

namespace embergate::interaction {

// GET of a resource, of one of its versions, or of its history.
struct EntryRead {
  enum class Kind { kCurrent, kVersion, kHistory };
  Kind kind = Kind::kCurrent;
  store::VersionId version = 0;  // kVersion
  std::size_t count = 0;         // kHistory

  [[nodiscard]] std::optional<store::VersionId> version_asked() const {
    return kind == Kind::kVersion ? std::optional(version) : std::nullopt;
  }
};

struct BundleEntry {
  std::optional<EntryRead> read;  // absent: a write
  WriteRequest write;             // type, id and preconditions also of a read
  bool links_complete = true;
  bool may_read = true;            // false: the answer shows nothing that the caller did not send
  std::optional<Refusal> refusal;  // batch only
};

struct PreparedBundle {
  bool is_transaction = false;
  std::vector<BundleEntry> entries;
  LinkTargets targets;  // as far as known before the store is asked
  std::vector<std::string> full_urls;
  std::map<std::string, std::size_t, std::less<>> entry_of_url;  // the first with each fullUrl
};

// Each entry is authorized by itself, before anything else of it is looked at: in a transaction the first denial
// refuses the bundle, in a batch it stays with its entry.
Answer<PreparedBundle> prepare_bundle(const fhir::Resource& bundle, const WritePath& write_path, const Options& options,
                                      const RequestContext& context);

// The error as it concerns entry `index`.
Refusal in_entry(Refusal refusal, std::size_t index);

struct EntryAnswer {
  std::optional<InteractionResult> result;
  std::optional<Refusal> refusal;
};
// Both take the bodies out of what they are given: a large answer holds each once.
AnswerText render_bundle_answer(std::vector<EntryAnswer> answers, const Options& options, bool is_transaction);
// history Bundle, newest first.
AnswerText render_history(std::vector<store::StoredVersion> versions, std::size_t total, const Options& options,
                          std::string_view type, std::string_view id);

}  // namespace embergate::interaction
