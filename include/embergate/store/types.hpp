// SPDX-License-Identifier: Apache-2.0
// What the store keeps: versions of resources, and per destination a queue of events that point at versions. Plain
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/strong_id.hpp"

namespace embergate::store {

enum class Interaction : std::uint8_t { kCreate = 1, kUpdate = 2, kDelete = 3 };
std::string_view to_string(Interaction interaction);  // "create" "update" "delete"

using VersionId = std::int64_t;  // one counter for the whole server (contract 5.2); unique, rising in commit order
struct SlotTag {};
// One life of a destination: the version id of its creation. A destination deleted and made again is another slot, with
// counters from zero.
using DestinationSlot = core::StrongId<SlotTag, std::int64_t>;
using EventNumber = std::int64_t;  // per slot, from 1, without gaps, in commit order (contract 2.9.5)

struct StoredVersion {
  std::string type;
  std::string id;
  VersionId version_id = 0;
  VersionId previous_version_id = 0;  // 0: none
  Interaction interaction = Interaction::kCreate;
  core::SystemTime last_updated{};
  core::SystemTime created_at{};
  std::string body;  // stamped JSON; of a deletion: the last content under the deleting version
};

// The target that a secret was first used with (decision 44). What `target` and `brokers` say is the caller's matter.
struct TargetBinding {
  std::string secret;
  std::string target;
  std::string brokers;
  std::string resource;
  bool proven = false;
  core::SystemTime since{};
};

struct Identifier {  // of Patient.identifier and the like: serves conditional references (decision 21)
  std::string system;
  std::string value;
};

struct NewVersion {
  std::string_view type;
  std::string_view id;
  VersionId version_id = 0;
  VersionId previous_version_id = 0;
  Interaction interaction = Interaction::kCreate;
  core::SystemTime last_updated{};
  core::SystemTime created_at{};
  std::string_view body;
  std::span<const Identifier> identifiers;  // of the new content; a deletion has none
};

}  // namespace embergate::store
