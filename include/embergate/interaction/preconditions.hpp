// SPDX-License-Identifier: Apache-2.0
// What a request demands of the current version of its resource before anything is done (RFC 9110 13, contract 5.2),
// from headers or from the entry of a bundle. Pure functions, any thread. Failure: kMalformed, for what is no list of
// entity tags or no date.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/store/store.hpp"

namespace embergate::interaction {

// The value of an If-Match or If-None-Match. Tags that no version of this server can have are kept as "asked for, and
// never met".
class EntityTags {
 public:
  // "*", or a list of W/"<versionId>" and "<versionId>"; a versionId without quotes counts as well (contract 5.2). An
  // empty text asks for nothing. `name` is that of the header or element, for the message.
  static core::Result<EntityTags> parse(std::string_view text, std::string_view name);
  static EntityTags of(store::VersionId version);
  static EntityTags any();

  [[nodiscard]] bool asked() const { return asked_; }
  // `version`: the current one, absent when there is no resource. "*" is met by every version.
  [[nodiscard]] bool meet(std::optional<store::VersionId> version) const;

 private:
  bool asked_ = false;
  bool any_ = false;
  std::vector<store::VersionId> versions_;
};

struct Preconditions {
  EntityTags if_match;
  EntityTags if_none_match;
  std::optional<core::SystemTime> if_modified_since = {};  // of reads, when there is no If-None-Match
  std::optional<core::SystemTime> if_unmodified_since = {};
  std::string if_none_exist = {};  // search part, decoded as it came
  // DELETE of a destination: also with events in its queue (contract 2.8), which only an administrator may drop.
  bool discard_queue = false;
};

// The current version, as far as preconditions look at it.
struct CurrentVersion {
  store::VersionId version_id = 0;
  core::SystemTime last_updated{};
};
// A write: kPreconditionFailed when it must not be done.
core::Result<void> check_write(const Preconditions& preconditions, const std::optional<CurrentVersion>& current);
// A read of what exists: true when the caller has it already (304); kPreconditionFailed (412).
core::Result<bool> check_read(const Preconditions& preconditions, const CurrentVersion& current);

}  // namespace embergate::interaction
