// SPDX-License-Identifier: Apache-2.0
// The topic::Catalog that belongs to a catalog epoch. A write reads the epoch inside its own transaction and so always
// matches against exactly the topics and destinations that its commit follows (architecture: match inside the commit).
// What did not change is taken over from the catalog before, compiled as it is: one more topic costs one compilation.
// What a transaction sees of changes that are not committed is kept apart and never becomes the catalog of the others:
// a rollback leaves everything as it was. Keeping it at all is safe, since the store gives no epoch twice.
// Thread: any; loading happens under the caller's reader. Ownership: holds two catalogs; the store outlives it.
// Failure: the reader's errors; a stored resource that no longer parses is left out and logged.
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
  explicit CatalogCache(const store::Store& store) : store_(store) {}
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

  std::shared_ptr<const Loaded> find(std::int64_t epoch);
  [[nodiscard]] std::shared_ptr<Loaded> known() const;

  const store::Store& store_;
  core::Snapshot<Loaded> committed_;
  core::Snapshot<Loaded> pending_;  // of the transactions under way
};

}  // namespace embergate::interaction
