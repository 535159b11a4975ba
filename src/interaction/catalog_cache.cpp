// SPDX-License-Identifier: Apache-2.0
#include "interaction/catalog_cache.hpp"

#include "embergate/fhir/stored.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::interaction {
namespace {

namespace log = observability::log;
constexpr std::size_t kMaxConfigured = 10'000;

void log_unusable(const store::StoredVersion& version, const std::vector<fhir::Issue>& issues) {
  const std::string why = issues.empty() ? std::string("it cannot be parsed") : issues.front().diagnostics;
  log::event(log::Level::kError, "topic-destination/init-failed", why,
             {{"type", std::string_view(version.type)}, {"id", std::string_view(version.id)}});
}

// All that are stored, in order of their versions; `known` becomes exactly these. What cannot be used is logged when it
// is `committed`.
template <class Known, class Parse>
core::Result<std::vector<typename Known::mapped_type>> load(store::Reader& reader, std::string_view type,
                                                            bool committed, Known& known, const Parse& parse) {
  EG_TRY(const auto versions, reader.list_current(type, kMaxConfigured));
  std::vector<typename Known::mapped_type> all;
  Known present;
  for (const store::StoredVersion& version : versions) {
    typename Known::mapped_type parsed;
    if (const auto before = known.find(version.version_id); before != known.end()) {
      parsed = before->second;
    } else {
      std::vector<fhir::Issue> issues;
      if (auto resource = fhir::parse_stored(version.body)) parsed = parse(**resource, version, issues);
      if (!parsed && committed) log_unusable(version, issues);
    }
    if (!parsed) continue;
    present.emplace(version.version_id, parsed);
    all.push_back(std::move(parsed));
  }
  known = std::move(present);
  return all;
}

}  // namespace

std::shared_ptr<const CatalogCache::Loaded> CatalogCache::find(std::int64_t epoch) {
  if (auto committed = committed_.load(); committed && committed->catalog->epoch() == epoch) return committed;
  auto pending = pending_.load();
  if (!pending || pending->catalog->epoch() != epoch) return nullptr;
  if (store_.committed_catalog_epoch() == epoch) committed_.store(pending);
  return pending;
}

// What was parsed before, for the next catalog to take over.
std::shared_ptr<CatalogCache::Loaded> CatalogCache::known() const {
  auto known = std::make_shared<Loaded>();
  if (const auto committed = committed_.load()) *known = *committed;
  if (const auto pending = pending_.load()) {
    known->topics.insert(pending->topics.begin(), pending->topics.end());
    known->destinations.insert(pending->destinations.begin(), pending->destinations.end());
  }
  return known;
}

core::Result<std::shared_ptr<const topic::Catalog>> CatalogCache::at(store::Reader& reader, std::int64_t epoch) {
  if (const auto loaded = find(epoch)) return loaded->catalog;
  const bool is_committed = store_.committed_catalog_epoch() == epoch;
  const auto fresh = known();
  EG_TRY(auto topics, load(reader, kTopicType, is_committed, fresh->topics,
                           [](const fhir::Resource& resource, const store::StoredVersion& version,
                              std::vector<fhir::Issue>& issues) {
                             auto topic = topic::SubscriptionTopic::parse(resource, version.id, issues);
                             if (topic) topic->version = version.version_id;
                             return topic;
                           }));
  EG_TRY(auto destinations, load(reader, kDestinationType, is_committed, fresh->destinations,
                                 [](const fhir::Resource& resource, const store::StoredVersion& version,
                                    std::vector<fhir::Issue>& issues) {
                                   auto destination = topic::TopicDestination::parse(resource, version.id, issues);
                                   // A destination never changes, so its current version is the one that made it: the
                                   // slot of its life.
                                   if (destination) destination->slot = version.version_id;
                                   return destination;
                                 }));
  fresh->catalog = std::make_shared<const topic::Catalog>(std::move(topics), std::move(destinations), epoch);
  (is_committed ? committed_ : pending_).store(fresh);
  return fresh->catalog;
}

}  // namespace embergate::interaction
