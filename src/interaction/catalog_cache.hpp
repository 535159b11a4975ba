// SPDX-License-Identifier: Apache-2.0
// The topic::Catalog that belongs to a catalog epoch. A write reads the epoch inside its own transaction and so always
// matches against exactly the topics and destinations that its commit follows (architecture: match inside the commit).
// What did not change is taken over from the catalog before, compiled as it is: one more topic costs one compilation.
// Thread: any; loading happens under the caller's reader. Ownership: holds the newest catalog. Failure: the reader's
// errors; a stored resource that no longer parses is left out and logged.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "embergate/core/result.hpp"
#include "embergate/core/snapshot.hpp"
#include "embergate/store/store.hpp"
#include "embergate/topic/catalog.hpp"

namespace embergate::interaction {

inline constexpr std::string_view kTopicType = "AidboxSubscriptionTopic";
inline constexpr std::string_view kDestinationType = "AidboxTopicDestination";

class CatalogCache {
 public:
  core::Result<std::shared_ptr<const topic::Catalog>> at(store::Reader& reader, std::int64_t epoch);

 private:
  // By version id, which no two versions of the server share.
  template <class Parsed>
  using ByVersion = std::unordered_map<store::VersionId, std::shared_ptr<const Parsed>>;
  struct Loaded {
    std::shared_ptr<const topic::Catalog> catalog;
    ByVersion<topic::SubscriptionTopic> topics;
    ByVersion<topic::TopicDestination> destinations;
  };

  core::Snapshot<Loaded> newest_;
};

}  // namespace embergate::interaction
