// SPDX-License-Identifier: Apache-2.0
// The topic::Catalog that belongs to a catalog epoch. A write reads the epoch inside its own transaction and so always
// matches against exactly the topics and destinations that its commit follows (architecture: match inside the commit).
// Thread: any; loading happens under the caller's reader. Ownership: holds the newest catalog. Failure: the reader's
// errors; a stored resource that no longer parses is left out and logged.
#pragma once

#include <memory>

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
  core::Snapshot<topic::Catalog> newest_;
};

}  // namespace embergate::interaction
